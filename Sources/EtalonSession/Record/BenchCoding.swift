import EtalonCore
import EtalonMetrology

/// The bench and the board of a run as its header keeps them: all that replay needs beside the session's text.
extension RecordEncoder {
  mutating func append(optional value: Double?) {
    append(value != nil)
    append(value ?? 0)
  }

  mutating func append(bench: BenchPlan) {
    append(UInt8(bench.instruments.count))
    for instrument in bench.instruments {
      append(text: instrument.device)
      append(UInt8(instrument.roles.count))
      for role in instrument.roles { append(text: role) }
      append(text: instrument.port)
      append(UInt32(instrument.settings.baud))
      append(UInt8(instrument.settings.dataBits))
      append(instrument.settings.parity.rawValue)
      append(UInt8(instrument.settings.stopBits))
      // An access code is evidence for nobody, but the length of the frames that hold it is: replay makes them again.
      append(UInt8(clamping: instrument.unlockCode?.utf8.count ?? 0))
      append(optional: instrument.deadManSeconds)
      append(optional: instrument.updatePeriodSeconds)
      append(instrument.certificate != nil)
      if let certificate = instrument.certificate { append(certificate: certificate) }
    }
    append(optional: bench.plant?.heatCapacityJoulesPerKelvin)
    append(optional: bench.plant?.delaySeconds)
  }

  private mutating func append(certificate: ReferenceCertificate) {
    append(text: certificate.identifier)
    append(text: certificate.instrumentSerial)
    append(text: certificate.issued.text)
    append(text: certificate.due.text)
    append(certificate.lowerBound)
    append(certificate.upperBound)
    append(certificate.correlation)
    append(certificate.degreesOfFreedom)
    append(UInt16(certificate.points.count))
    for point in certificate.points {
      append(point.at)
      append(point.correction)
      append(point.standardUncertainty)
    }
  }

  mutating func append(board: BoardPlan) {
    append(text: board.name)
    append(text: board.title)
    append(optional: board.holdableCelsius?.lowerBound)
    append(optional: board.holdableCelsius?.upperBound)
    append(board.actuatorMaximumWatts)
    append(board.heatCapacityJoulesPerKelvin)
    append(board.lossWattsPerKelvin)
    append(board.coolingWattsPerKelvin)
    append(board.sinkCelsius)
    append(board.roomCelsius)
    append(board.delaySeconds)
  }
}

/// What a bench declares in the place of the session, at the end of the header and only where there is something.
extension RecordEncoder {
  mutating func append(declarations: OnlineDeclarations) {
    append(optional: declarations.referenceNoiseKelvin)
    append(optional: declarations.referenceDriftKelvin)
    append(optional: declarations.gradientKelvin)
    append(declarations.device != nil)
    guard let device = declarations.device else { return }
    for distribution in [
      device.offsetKelvin, device.gain, device.curvatureKelvin, device.cubicKelvin, device.driftKelvinPerHour,
      device.noiseKelvin,
    ] { append(optional: distribution) }
    append(optional: device.lagSeconds)
    append(device.wanderKelvinPerRootHour)
  }

  private mutating func append(optional distribution: DeclaredDistribution?) {
    switch distribution {
    case nil: append(UInt8(0))
    case .fixed(let value):
      append(UInt8(1))
      append(value)
    case .normal(let mean, let deviation):
      append(UInt8(2))
      append(mean)
      append(deviation)
    case .rectangular(let mean, let halfWidth):
      append(UInt8(3))
      append(mean)
      append(halfWidth)
    case .triangular(let mean, let halfWidth):
      append(UInt8(4))
      append(mean)
      append(halfWidth)
    }
  }
}

extension RecordDecoder {
  mutating func declarations() throws(RecordFault) -> OnlineDeclarations {
    var declarations = OnlineDeclarations()
    declarations.referenceNoiseKelvin = try optionalDouble()
    declarations.referenceDriftKelvin = try distribution()
    declarations.gradientKelvin = try distribution()
    guard try bool() else { return declarations }
    var device = DevicePrior()
    device.offsetKelvin = try distribution() ?? .fixed(0)
    device.gain = try distribution() ?? .fixed(0)
    device.curvatureKelvin = try distribution() ?? .fixed(0)
    device.cubicKelvin = try distribution() ?? .fixed(0)
    device.driftKelvinPerHour = try distribution() ?? .fixed(0)
    device.noiseKelvin = try distribution() ?? .fixed(0)
    device.lagSeconds = try distribution()
    device.wanderKelvinPerRootHour = try size()
    declarations.device = device
    return declarations
  }

  /// A number of zero or more; a file's was checked before it was recorded.
  private mutating func size() throws(RecordFault) -> Double {
    let value = try double()
    guard value >= 0, value.isFinite else { throw .unknownValue(offset: offset - 8, value.bitPattern) }
    return value
  }

  private mutating func distribution() throws(RecordFault) -> DeclaredDistribution? {
    let kind = try uint8()
    switch kind {
    case 0: return nil
    case 1: return .fixed(try double())
    case 2: return .normal(mean: try double(), standardDeviation: try size())
    case 3: return .rectangular(mean: try double(), halfWidth: try size())
    case 4: return .triangular(mean: try double(), halfWidth: try size())
    default: throw .unknownValue(offset: offset - 1, UInt64(kind))
    }
  }
}

extension RecordEncoder {
  /// Lines, and what benches with lines say about their devices: from format version 2 on.
  mutating func append(linesOf bench: BenchPlan) {
    append(UInt8(bench.lines.count))
    for line in bench.lines {
      append(text: line.name)
      let settings = line.specification.settings
      switch line.specification.address {
      case .name(let name):
        append(false)
        append(text: name)
      case .offset(let chip, let offset):
        append(true)
        append(text: chip)
        append(offset)
      }
      for byte in [
        settings.direction.rawValue, settings.bias.rawValue, settings.drive.rawValue, settings.edges.rawValue,
      ] { append(byte) }
      for flag in [settings.isActiveLow, settings.initial, settings.safe] { append(flag) }
      append(settings.debounceMicroseconds)
    }
    for instrument in bench.instruments {
      switch instrument.lines {
      case nil: append(UInt8(0))
      case .spi(let select, let clock, let dataOut, let dataIn, let half):
        append(UInt8(1))
        for place in [select, clock, dataOut, dataIn] { append(UInt8(place)) }
        append(half)
      case .levels(let places):
        append(UInt8(2))
        append(UInt8(places.count))
        for place in places { append(UInt8(place)) }
      }
      append(text: instrument.details.serial ?? "")
      append(optional: instrument.details.ratedWatts)
      append(optional: instrument.details.windowSeconds)
      append(optional: instrument.details.referenceOhm)
      append(UInt8(instrument.details.wires ?? 0))
    }
  }
}

extension RecordDecoder {
  mutating func optionalDouble() throws(RecordFault) -> Double? {
    let isThere = try bool()
    let value = try double()
    return isThere ? value : nil
  }

  mutating func bench() throws(RecordFault) -> BenchPlan {
    var instruments: [BenchPlan.Instrument] = []
    for _ in 0..<(try uint8()) {
      let device = try text()
      var roles: [String] = []
      for _ in 0..<(try uint8()) { roles.append(try text()) }
      let port = try text()
      let place = offset
      let baud = Int(try uint32())
      let dataBits = Int(try uint8())
      guard (50...4_000_000).contains(baud), (5...9).contains(dataBits) else {
        throw .unknownValue(offset: place, UInt64(baud))
      }
      let raw = try uint8()
      guard let parity = SerialSettings.Parity(rawValue: raw) else {
        throw .unknownValue(offset: offset - 1, UInt64(raw))
      }
      let stopBits = Int(try uint8())
      let codeLength = Int(try uint8())
      let deadMan = try optionalDouble()
      let period = try optionalDouble()
      let certificate = try bool() ? try self.certificate() : nil
      instruments.append(
        BenchPlan.Instrument(
          device: device, roles: roles, port: port,
          settings: SerialSettings(baud: baud, dataBits: dataBits, parity: parity, stopBits: stopBits),
          unlockCode: codeLength > 0 ? String(repeating: "x", count: codeLength) : nil, deadManSeconds: deadMan,
          updatePeriodSeconds: period, certificate: certificate))
    }
    let capacity = try optionalDouble()
    let delay = try optionalDouble()
    var plant: BenchPlan.Plant?
    if let capacity, let delay {
      plant = BenchPlan.Plant(heatCapacityJoulesPerKelvin: capacity, delaySeconds: delay)
    }
    return BenchPlan(instruments: instruments, plant: plant)
  }

  private mutating func word<Word: RawRepresentable>(_ type: Word.Type) throws(RecordFault) -> Word
  where Word.RawValue == UInt8 {
    let raw = try uint8()
    guard let word = Word(rawValue: raw) else { throw .unknownValue(offset: offset - 1, UInt64(raw)) }
    return word
  }

  private mutating func line() throws(RecordFault) -> BenchPlan.Line {
    let name = try text()
    let hasOffset = try bool()
    let text = try self.text()
    let address: LineAddress = hasOffset ? .offset(chip: text, try uint32()) : .name(text)
    let direction = try word(LineSettings.Direction.self)
    let bias = try word(LineSettings.Bias.self)
    let drive = try word(LineSettings.Drive.self)
    let edges = try word(LineSettings.Edges.self)
    let isActiveLow = try bool()
    let initial = try bool()
    let safe = try bool()
    return BenchPlan.Line(
      name: name,
      specification: LineSpecification(
        address,
        LineSettings(
          direction: direction, isActiveLow: isActiveLow, bias: bias, drive: drive, edges: edges,
          debounceMicroseconds: try uint32(), initial: initial, safe: safe)))
  }

  /// Reads what `append(linesOf:)` wrote into a bench.
  mutating func lines(of bench: inout BenchPlan) throws(RecordFault) {
    for _ in 0..<(try uint8()) { bench.lines.append(try line()) }
    for index in bench.instruments.indices {
      let kind = try uint8()
      switch kind {
      case 0: break
      case 1:
        let select = Int(try uint8())
        let clock = Int(try uint8())
        let dataOut = Int(try uint8())
        let dataIn = Int(try uint8())
        bench.instruments[index].lines = .spi(
          select: select, clock: clock, dataOut: dataOut, dataIn: dataIn, halfPeriodNanoseconds: try uint32())
      case 2:
        var places: [Int] = []
        for _ in 0..<(try uint8()) { places.append(Int(try uint8())) }
        bench.instruments[index].lines = .levels(places)
      default: throw .unknownValue(offset: offset - 1, UInt64(kind))
      }
      let serial = try text()
      bench.instruments[index].details.serial = serial.isEmpty ? nil : serial
      bench.instruments[index].details.ratedWatts = try optionalDouble()
      bench.instruments[index].details.windowSeconds = try optionalDouble()
      bench.instruments[index].details.referenceOhm = try optionalDouble()
      let wires = Int(try uint8())
      bench.instruments[index].details.wires = wires == 0 ? nil : wires
    }
  }

  private mutating func certificate() throws(RecordFault) -> ReferenceCertificate {
    let identifier = try text()
    let serial = try text()
    let issued = try text()
    let due = try text()
    let lower = try double()
    let upper = try double()
    let correlation = try double()
    let degreesOfFreedom = try double()
    var points: [ReferenceCertificate.Point] = []
    for _ in 0..<(try uint16()) {
      let at = try double()
      let correction = try double()
      points.append(.init(at: at, correction: correction, standardUncertainty: try double()))
    }
    let place = offset
    guard lower <= upper else { throw .unknownValue(offset: place, lower.bitPattern) }
    do {
      return try ReferenceCertificate(
        identifier: identifier, instrumentSerial: serial, issued: issued, due: due, range: lower...upper,
        points: points, correlation: correlation, degreesOfFreedom: degreesOfFreedom)
    } catch {
      // A certificate was checked before it was recorded; one that no longer passes was not written by this program.
      throw .unknownValue(offset: place, UInt64(points.count))
    }
  }

  mutating func board(_ bench: BenchPlan) throws(RecordFault) -> BoardPlan {
    let name = try text()
    let title = try text()
    let lower = try optionalDouble()
    let upper = try optionalDouble()
    let watts = try double()
    let capacity = try double()
    let loss = try double()
    let cooling = try double()
    let sink = try double()
    let room = try double()
    let delay = try double()
    // A board was checked before it was recorded; one that no longer passes was not written by this program. A board without
    // a bath states nothing thermal at all.
    let hasNoBath =
      lower == nil && upper == nil && [watts, capacity, loss, cooling, delay, sink, room].allSatisfy { $0 == 0 }
    for (value, isAllowed) in [
      (watts, watts > 0 || hasNoBath), (capacity, capacity > 0 || hasNoBath), (loss, loss > 0 || hasNoBath),
      (cooling, cooling >= 0), (delay, delay > 0 || hasNoBath), (sink, true), (room, true),
    ] where !isAllowed || !value.isFinite {
      throw .unknownValue(offset: offset, value.bitPattern)
    }
    var holdable: ClosedRange<Double>?
    if let lower, let upper, lower <= upper { holdable = lower...upper }
    return BoardPlan(
      name: name, title: title, bench: bench, holdableCelsius: holdable, actuatorMaximumWatts: watts,
      heatCapacityJoulesPerKelvin: capacity, lossWattsPerKelvin: loss, delaySeconds: delay,
      coolingWattsPerKelvin: cooling,
      sinkCelsius: sink, roomCelsius: room)
  }
}
