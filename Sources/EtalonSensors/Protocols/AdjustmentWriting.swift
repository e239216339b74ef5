import EtalonCore

/// The coefficients of a `CALibration` subsystem and the device's evidence for them.
struct AdjustmentEvidence: Sendable {
  var adjustment: Adjustment

  enum Parsed {
    case good(AdjustmentEvidence)
    case malformed
    case checksum(expected: UInt32, received: UInt32)
  }

  /// The answer to `CALibration:DATA?;COUNt?;CRC?`. The checksum is computed again over the text of the coefficients; it
  /// differs also when the working set is not the stored one.
  static func parse(_ line: Frame, _ range: Range<Int>) -> Parsed {
    guard let units = FieldList(line, range, separator: UInt8(ascii: ";")), units.count == 3,
      let coefficients = coefficients(line, units[0]), let count = DecimalCoding.unsigned(line, units[1]),
      let checksum = DecimalCoding.hexadecimal(line, units[2])
    else { return .malformed }
    let expected = CRC32.checksum(line, units[0])
    guard checksum == expected else { return .checksum(expected: expected, received: checksum) }
    return .good(
      AdjustmentEvidence(adjustment: Adjustment(coefficients: coefficients, count: count, checksum: checksum)))
  }

  /// Four numbers separated by commas.
  static func coefficients(_ line: Frame, _ range: Range<Int>) -> Coefficients? {
    guard let fields = FieldList(line, range, separator: UInt8(ascii: ",")), fields.count == 4,
      let c0 = DecimalCoding.number(line, fields[0]), let c1 = DecimalCoding.number(line, fields[1]),
      let c2 = DecimalCoding.number(line, fields[2]), let c3 = DecimalCoding.number(line, fields[3])
    else { return nil }
    return Coefficients(c0, c1, c2, c3)
  }
}

/// The stages of writing a calibration set to a SCPI device: count, unlock, write and read back, store, lock, evidence.
///
/// Each stage is one exchange. Whatever goes wrong from unlocking on, the device is locked before the fault is reported;
/// locking is tried three times, because it can be repeated without harm. Storing is never repeated.
struct AdjustmentWriting: Sendable {
  private enum Stage: Sendable { case count, unlock, write, store, lock, evidence }

  enum Outcome {
    /// The next stage is to be sent.
    case next
    case malformed
    case failed(ExchangeFault)
    case done(Adjustment)
  }

  /// Digits of a coefficient on the wire: as many as `CALibration:DATA?` answers.
  private static let significantDigits = 13
  private static let longestLockAttempts = 3

  private var stage = Stage.count
  /// What the device is to hold: the numbers that the text sent to it spells.
  private var target = Coefficients(0, 0, 0, 0)
  private var countBefore: UInt32 = 0
  /// Why the device is being locked early.
  private var fault: ExchangeFault?
  private var lockAttempts = 0

  init() {}

  /// Rounds the coefficients to the text that is sent; nil when one has no such text.
  init?(_ coefficients: Coefficients) {
    guard let c0 = Self.rounded(coefficients.c0), let c1 = Self.rounded(coefficients.c1),
      let c2 = Self.rounded(coefficients.c2), let c3 = Self.rounded(coefficients.c3)
    else { return nil }
    target = Coefficients(c0, c1, c2, c3)
  }

  private static func rounded(_ value: Double) -> Double? {
    guard value == 0 || (value.magnitude >= 1e-99 && value.magnitude < 9.99e99) else { return nil }
    var text = Frame()
    DecimalCoding.appendScientific(value, significantDigits: Self.significantDigits, to: &text)
    return DecimalCoding.number(text, 0..<text.count)
  }

  /// Whether the commands hold the access code.
  var isConfidential: Bool { stage == .unlock }

  /// Whether the error queue decides about this stage.
  var checksErrors: Bool { stage != .count && stage != .evidence }

  /// The commands of the present stage.
  func commands(code: Frame) -> Frame {
    var commands = Frame()
    switch stage {
    case .count, .evidence: break
    case .unlock:
      commands.append(ascii: "CAL:SEC:STAT OFF,")
      commands.append(code)
    case .write:
      commands.append(ascii: "CAL:DATA ")
      append(target.c0, to: &commands)
      commands.append(UInt8(ascii: ","))
      append(target.c1, to: &commands)
      commands.append(UInt8(ascii: ","))
      append(target.c2, to: &commands)
      commands.append(UInt8(ascii: ","))
      append(target.c3, to: &commands)
    case .store: commands.append(ascii: "CAL:STOR")
    case .lock: commands.append(ascii: "CAL:SEC:STAT ON")
    }
    return commands
  }

  /// The query of the present stage.
  var query: Frame {
    switch stage {
    case .count, .store: Frame(ascii: "CAL:COUN?")
    case .unlock, .lock: Frame(ascii: "CAL:SEC:STAT?")
    case .write: Frame(ascii: "CAL:DATA?")
    case .evidence: Frame(ascii: "CAL:DATA?;COUN?;CRC?")
    }
  }

  /// Takes the answer to the present stage.
  mutating func take(_ line: Frame, _ range: Range<Int>) -> Outcome {
    switch stage {
    case .count:
      guard let count = DecimalCoding.unsigned(line, range) else { return .malformed }
      countBefore = count
      stage = .unlock
    case .unlock:
      guard line.spells("0", in: range) else { return .malformed }
      stage = .write
    case .write:
      guard let held = AdjustmentEvidence.coefficients(line, range) else { return .malformed }
      if let difference = difference(held) { return fail(difference) }
      stage = .store
    case .store:
      guard let count = DecimalCoding.unsigned(line, range) else { return .malformed }
      guard count == countBefore &+ 1 else { return fail(.commitCount(expected: countBefore &+ 1, received: count)) }
      stage = .lock
    case .lock:
      guard line.spells("1", in: range) else { return .malformed }
      if let fault { return .failed(fault) }
      stage = .evidence
    case .evidence:
      switch AdjustmentEvidence.parse(line, range) {
      case .malformed: return .malformed
      case .checksum(let expected, let received): return .failed(.checksum(expected: expected, received: received))
      case .good(let evidence):
        let adjustment = evidence.adjustment
        if let difference = difference(adjustment.coefficients) { return .failed(difference) }
        guard adjustment.count == countBefore &+ 1 else {
          return .failed(.commitCount(expected: countBefore &+ 1, received: adjustment.count))
        }
        return .done(adjustment)
      }
    }
    return .next
  }

  /// The exchange of the present stage failed.
  mutating func fail(_ new: ExchangeFault) -> Outcome {
    switch stage {
    case .count, .evidence:
      return .failed(new)
    case .unlock, .write, .store:
      fault = new
      stage = .lock
      return .next
    case .lock:
      lockAttempts += 1
      if fault == nil { fault = new }
      return lockAttempts < Self.longestLockAttempts ? .next : .failed(fault ?? new)
    }
  }

  /// The first coefficient that is not as sent.
  private func difference(_ held: Coefficients) -> ExchangeFault? {
    if held.c0 != target.c0 { return .readBack(index: 0, expected: target.c0, received: held.c0) }
    if held.c1 != target.c1 { return .readBack(index: 1, expected: target.c1, received: held.c1) }
    if held.c2 != target.c2 { return .readBack(index: 2, expected: target.c2, received: held.c2) }
    if held.c3 != target.c3 { return .readBack(index: 3, expected: target.c3, received: held.c3) }
    return nil
  }

  private func append(_ value: Double, to frame: inout Frame) {
    DecimalCoding.appendScientific(value, significantDigits: Self.significantDigits, to: &frame)
  }
}
