import EtalonCore
import EtalonSession

/// `etalon estimate` of a table of time stamps: edges in the order of their arrival through the very same channel as a
/// running clock bench.
struct ClockEstimate {
  let table: String
  let config: String
  let json: Bool

  /// Columns of the table, and the line's places of what is read.
  private struct Columns {
    var separator: Character
    var width: Int
    var reference: Int
    var oscillator: Int?
    var label: Int?
  }

  func run() throws {
    let file = try Fail.reporting { try ClockEstimateFile(SourceFile(path: config, kind: .data)) }
    var channel: ClockChannel
    do { channel = try ClockChannel(file.channel) } catch {
      throw Fail.with(.badData, "\(config): \(ClockDeclarations.words(error))")
    }
    for leap in file.leaps { channel.announce(leap) }
    do {
      let lines = try TableLines(path: table)
      let columns = try head(lines, file)
      var isFirst = true
      begin()
      while let line = try lines.next() {
        if Self.isComment(line) { continue }
        let cells = Self.cells(line, columns.separator)
        guard cells.count == columns.width else {
          throw DataFault(
            path: table, line: lines.number, reason: "\(cells.count) cells where \(columns.width) are needed")
        }
        func stamp(_ column: Int?) throws -> Instant? {
          guard let column, !cells[column].isEmpty else { return nil }
          guard let nanoseconds = Self.nanoseconds(cells[column]) else {
            throw DataFault(
              path: table, line: lines.number,
              reason: "'\(cells[column])' in cell \(column + 1) is no time in seconds with at most nine decimals")
          }
          return Instant(nanoseconds: nanoseconds)
        }
        let reference = try stamp(columns.reference)
        let oscillator = try stamp(columns.oscillator)
        // Two stamps in one row belong together; the earlier one is taken first.
        var edges: [(Instant, isReference: Bool)] = []
        if let reference { edges.append((reference, true)) }
        if let oscillator { edges.append((oscillator, false)) }
        if edges.count == 2, edges[1].0 < edges[0].0 { edges.swapAt(0, 1) }
        var label: Int64?
        if let column = columns.label, !cells[column].isEmpty {
          guard let number = Int64(cells[column]), number.magnitude < 9_000_000_000 else {
            throw DataFault(
              path: table, line: lines.number,
              reason: "'\(cells[column])' in cell \(column + 1) is no number of a second")
          }
          label = number
        }
        for (instant, isReference) in edges {
          let sample: ClockChannel.Sample?
          if columns.oscillator == nil {
            sample = channel.takeReference(edgeAt: instant, label: label)
          } else if isReference {
            sample = channel.takeReference(edgeAt: instant)
          } else {
            sample = channel.takeOscillator(edgeAt: instant)
          }
          if let sample { write(sample, channel, &isFirst) }
        }
      }
      end(channel)
      Text.toStandardError(Self.notes(channel))
    } catch let fault as DataFault {
      throw Fail.with(.badData, fault.description)
    }
  }

  private func head(_ lines: TableLines, _ file: ClockEstimateFile) throws -> Columns {
    while let line = try lines.next() {
      if Self.isComment(line) { continue }
      let separator: Character = line.contains("\t") ? "\t" : line.contains(";") ? ";" : ","
      let names = Self.cells(line, separator)
      func place(_ name: String) throws -> Int? {
        let places = names.indices.filter { names[$0] == name }
        if places.count > 1 {
          throw DataFault(path: table, line: lines.number, reason: "the column '\(name)' stands twice")
        }
        return places.first
      }
      guard let reference = try place(file.reference) else {
        throw DataFault(
          path: table, line: lines.number,
          reason: "there is no column '\(file.reference)'; the table has \(names.joined(separator: ", "))")
      }
      let oscillator = try place(file.oscillator)
      guard (oscillator != nil) == (file.channel.clock.stampsPerPhase == 2) else {
        throw DataFault(
          path: table, line: lines.number,
          reason: oscillator == nil
            ? "there is no column '\(file.oscillator)'; with 'lines: 1' in 'pulses' the counter itself is the oscillator"
            : "the table has a column '\(file.oscillator)' and the file says 'lines: 1'")
      }
      return Columns(
        separator: separator, width: names.count, reference: reference, oscillator: oscillator,
        label: try place(file.label))
    }
    throw DataFault(path: table, line: nil, reason: "the table is empty")
  }

  private static func isComment(_ line: String) -> Bool {
    guard let first = line.first(where: { $0 != " " }) else { return true }
    return first == "#"
  }

  private static func cells(_ line: String, _ separator: Character) -> [String] {
    line.split(separator: separator, omittingEmptySubsequences: false).map {
      var cell = $0
      while cell.first == " " { cell.removeFirst() }
      while cell.last == " " { cell.removeLast() }
      return String(cell)
    }
  }

  /// Seconds with up to nine decimals as whole nanoseconds, exactly; a binary fraction would lose them.
  static func nanoseconds(_ text: String) -> Int64? {
    var bytes = Array(text.utf8)[...]
    let isNegative = bytes.first == 0x2D
    if isNegative { bytes = bytes.dropFirst() }
    var value: Int64 = 0
    var decimals: Int?
    var digits = 0
    for byte in bytes {
      if byte == 0x2E, decimals == nil {
        decimals = 0
        continue
      }
      guard (0x30...0x39).contains(byte) else { return nil }
      if let count = decimals {
        guard count < 9 else { return nil }
        decimals = count + 1
      }
      digits += 1
      let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = tens.addingReportingOverflow(Int64(byte - 0x30))
      guard !overflow, !carry else { return nil }
      value = sum
    }
    guard digits > 0 else { return nil }
    for _ in (decimals ?? 0)..<9 {
      let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
      guard !overflow else { return nil }
      value = tens
    }
    // Instants beyond 2⁶¹ ns leave no room for differences.
    guard value.magnitude < 1 << 61 else { return nil }
    return isNegative ? -value : value
  }

  // MARK: Output

  private func begin() {
    if json { return print("{\"rows\": [", terminator: "") }
    print("second,measured_ns,phase_ns,u_phase_ns,frequency,u_frequency,ageing_per_s,u_ageing_per_s,state,outcome")
  }

  private func write(_ sample: ClockChannel.Sample, _ channel: ClockChannel, _ isFirst: inout Bool) {
    let clock = channel.clock
    let measured = sample.measured.map { "\($0)" }
    let numbers = [
      clock.phaseNanoseconds, clock.phase.standardUncertainty, clock.frequency.value,
      clock.frequency.standardUncertainty,
      clock.ageing.value, clock.ageing.standardUncertainty,
    ].map { "\($0)" }
    let state = ClockReport.word(sample.state, isHoldover: sample.isHoldover)
    let outcome = ClockReport.word(sample.outcome)
    if json {
      print(isFirst ? "" : ",")
      print(
        "{\"second\": \(sample.second), \"measured_ns\": \(measured ?? "null"), \"phase_ns\": \(numbers[0]), "
          + "\"u_phase_ns\": \(numbers[1]), \"frequency\": \(numbers[2]), \"u_frequency\": \(numbers[3]), "
          + "\"ageing_per_s\": \(numbers[4]), \"u_ageing_per_s\": \(numbers[5]), \"state\": \"\(state)\", "
          + "\"outcome\": \"\(outcome)\"}", terminator: "")
    } else {
      print(([String(sample.second), measured ?? ""] + numbers + [state, outcome]).joined(separator: ","))
    }
    isFirst = false
  }

  private func end(_ channel: ClockChannel) {
    guard json else {
      return Text.toStandardError(ClockReport.stabilityTable(channel.stability) + "\n")
    }
    let points = ClockReport.points(channel.stability).map { point in
      "{\"tau\": \(point.averagingFactor), \"oadev\": \(point.allanDeviation), \"terms\": \(point.terms), "
        + "\"mdev\": \(point.modifiedVariance.isNaN ? "null" : "\(point.modifiedDeviation)"), \"stride\": \(point.stride)}"
    }
    print("\n], \"stability\": [\(points.joined(separator: ", "))], \"counts\": \(ClockReport.countsJSON(channel))}")
  }

  private static func notes(_ channel: ClockChannel) -> String {
    ClockReport.counts(channel).filter { $0.count > 0 }.map { "note: \($0.words): \($0.count)\n" }.joined()
      + "note: a drift that the reference has itself is not detectable\n"
  }
}
