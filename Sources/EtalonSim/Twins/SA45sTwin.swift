import EtalonCore
import EtalonMetrology

/// Twin of a chip-scale atomic clock SA.45s, after its user guide (rev. D): an oscillator of its own, the serial line, a pulse
/// out each second and a pulse in.
///
/// Not there: ultra-low power mode, deferred commands and the pulse's width (`!U`, `!@`, `!>`), which are answered `?` as any
/// unknown command.
final class SA45sTwin: DeviceTwin {
  private enum Bit {
    static let analogTuning: UInt16 = 0x0001
    static let phase: UInt16 = 0x0004
    static let synchronise: UInt16 = 0x0008
    static let discipline: UInt16 = 0x0010
    static let checksum: UInt16 = 0x0040
  }

  private static let second: Int64 = 1_000_000_000
  private static let lineLimit = 64
  private static let headers =
    "Status,Alarm,SN,Mode,Contrast,LaserI,TCXO,HeatP,Sig,Temp,Steer,ATune,Phase,DiscOK,TOD,LTime,Ver"

  private let serial: String
  private let warmUpSeconds: Int64
  private(set) var oscillator: Oscillator
  private let start: Int64
  private var random: RandomStream

  // Non-volatile memory.
  private(set) var mode: UInt16 = 0
  private var disciplineSeconds: Int64 = 100
  private var storedCompensation: Int64 = 0
  private var phaseLimit: Int64 = 20
  /// Writes to the non-volatile memory; it bears 20 000.
  private(set) var memoryWrites = 0

  // Volatile.
  private var compensation: Int64 = 0
  /// Steer as commanded, 1e-15.
  private(set) var steer: Int64 = 0
  private var timeOfDay: Int64 = 0
  private var lockedAt: Int64 = 0
  private var line: [UInt8] = []
  private var isLineTooLong = false
  private var answer: [UInt8] = []

  // Pulses.
  private var tick: Int64
  private var lastAdvance: Int64
  private var pulseDue: (nanoseconds: Int64, fraction: Double)?
  /// Pulses that came out since they were last taken: whole nanoseconds and the rest.
  private var pulses: [(nanoseconds: Int64, fraction: Double)] = []
  private var lastOut: (nanoseconds: Int64, fraction: Double)?
  private var lastIn: (nanoseconds: Int64, fraction: Double)?
  private var measuredSeconds: Double?
  private var asksTime = false
  private var syncUntil: Int64?
  // The servo of the discipline.
  private var servoIntegral = 0.0
  private var goodSeconds = 0
  private var disciplineState = 0

  init(
    oscillator parameters: Oscillator.Parameters, serial: String, seed: UInt64, start: Int64,
    characterNanoseconds: Int64, warmUpSeconds: Int64 = 0
  ) {
    self.serial = serial
    self.warmUpSeconds = warmUpSeconds
    self.start = start
    oscillator = Oscillator(parameters, random: RandomStream(seed: seed, stream: SimStream.oscillator.rawValue))
    random = RandomStream(seed: seed, stream: SimStream.oscillatorReadings.rawValue)
    tick = start + Self.second
    lastAdvance = start
    super.init(replyDelaySeconds: 0.002, pacedCharacterNanoseconds: characterNanoseconds)
    // Where the first pulse lies in the second is nobody's choice.
    oscillator.setPhase(seconds: random.uniform(-0.4, 0.4))
  }

  /// Frequency at present without white noise, and the phase, for those who may know the truth.
  var truth: (frequency: Double, phaseSeconds: Double, ageingPerSecond: Double) {
    (oscillator.frequency, oscillator.phaseSeconds, oscillator.ageingPerSecond)
  }

  private func isLocked(at now: Int64) -> Bool { now >= lockedAt }

  override func powerOn(at now: Int64, bath: inout StirredBath) {
    line.removeAll(keepingCapacity: true)
    isLineTooLong = false
    steer = 0
    compensation = storedCompensation
    timeOfDay = 0
    lockedAt = now + warmUpSeconds * Self.second
    settle(to: now)
    while tick <= now { tick += Self.second }
    oscillator.setSteer(0)
    servoIntegral = 0
    goodSeconds = 0
    disciplineState = 0
    syncUntil = nil
    asksTime = false
  }

  // MARK: Time

  override var nextEvent: Int64 { min(tick, pulseDue?.nanoseconds ?? .max, syncUntil ?? .max) }

  /// Lets the oscillator run to an instant.
  private func settle(to now: Int64) {
    guard now > lastAdvance else { return }
    oscillator.advance(seconds: Double(now - lastAdvance) * 1e-9)
    lastAdvance = now
  }

  override func act(at now: Int64, bath: inout StirredBath) {
    if let due = pulseDue, due.nanoseconds <= now {
      pulseDue = nil
      pulses.append(due)
      lastOut = due
      timeOfDay += 1
      if asksTime {
        asksTime = false
        tell("TimeOfDay = \(timeOfDay)", from: now + 10_000_000)
      }
      return
    }
    if let end = syncUntil, end <= now {
      syncUntil = nil
      tell("E", from: now)
      return
    }
    // In the middle between two pulses of true time: the oscillator's phase here is that of the pulse to come, to half a
    // second of its frequency.
    settle(to: tick)
    // The pulse is due where the oscillator reads a whole second.
    let rest = (oscillator.phaseSeconds - oscillator.phaseSeconds.rounded()) * 1e9
    let middle = tick + Self.second / 2
    let whole = (-rest).rounded()
    pulseDue = (middle + Int64(whole), -rest - whole)
    if mode & Bit.discipline != 0 { discipline(at: tick) }
    tick += Self.second
  }

  /// The pulses that came out since the last call.
  func takePulses() -> [(nanoseconds: Int64, fraction: Double)] {
    defer { pulses.removeAll(keepingCapacity: true) }
    return pulses
  }

  /// A pulse comes in; whole nanoseconds and the rest.
  func pulseIn(at nanoseconds: Int64, fraction: Double) {
    lastIn = (nanoseconds, fraction)
    if syncUntil != nil {
      syncUntil = nil
      synchronise()
      tell("S", from: nanoseconds + 1_000_000)
      return
    }
    if mode & Bit.synchronise != 0 { synchronise() }
    measuredSeconds = phaseAgainstInput()
  }

  /// Output minus input as the meter shows it: steps of 450 ps within 1 µs, of 100 ns beyond; positive where the output is early.
  private func phaseAgainstInput() -> Double? {
    guard let input = lastIn, let output = lastOut ?? pulseDue else { return nil }
    var difference = Double(input.nanoseconds - output.nanoseconds) + (input.fraction - output.fraction)
    difference -= (difference / 1e9).rounded() * 1e9
    let step = difference.magnitude <= 1000 ? 0.45 : 100
    return (difference / step).rounded() * step * 1e-9
  }

  /// Brings the output pulse to the input pulse, within 100 ns.
  private func synchronise() {
    guard let input = lastIn else { return }
    settle(to: input.nanoseconds)
    // The input pulse is the wanted place of the output: reading a whole second there, less the tick's half second.
    let place = Double((input.nanoseconds - start) % Self.second) + input.fraction - 0.5e9
    oscillator.setPhase(seconds: -place * 1e-9 + random.uniform(-100e-9, 100e-9))
    // What was measured belongs to the place that the pulse had before.
    pulseDue = nil
    lastOut = nil
    measuredSeconds = nil
  }

  private func hasInput(at now: Int64) -> Bool { lastIn.map { now - $0.nanoseconds < 2 * Self.second } ?? false }

  /// A proportional-integral servo of the declared time constant, once a second.
  private func discipline(at now: Int64) {
    guard hasInput(at: now), let measured = measuredSeconds else {
      if disciplineState != 0 { disciplineState = 2 }
      return
    }
    let error = measured + Double(compensation) * 1e-10
    let time = Double(disciplineSeconds)
    servoIntegral = min(max(servoIntegral - error / (time * time), -2e-6), 2e-6)
    setSteer(femto: Int64(((servoIntegral - 1.4142 * error / time) * 1e15).rounded()), at: now)
    goodSeconds = error.magnitude * 1e9 < Double(phaseLimit) ? goodSeconds + 1 : 0
    disciplineState = goodSeconds > 2 * Int(disciplineSeconds) ? 1 : 0
  }

  private func setSteer(femto: Int64, at now: Int64) {
    settle(to: now)
    steer = min(max(femto, -2_000_000_000), 2_000_000_000)
    oscillator.setSteer(Double(steer) * 1e-15)
  }

  // MARK: Serial line

  override func take(_ frame: Frame, at now: Int64, bath: inout StirredBath) {
    for index in 0..<frame.count {
      let byte = frame[index]
      if byte == 0x0D || byte == 0x0A {
        if !line.isEmpty, !isLineTooLong { execute(line, at: now) }
        line.removeAll(keepingCapacity: true)
        isLineTooLong = false
      } else if line.isEmpty, byte != 0x21 {
        if "6^FMSDUTm>".utf8.contains(byte) { shortcut(byte, at: now) }
      } else if line.count < Self.lineLimit {
        line.append(byte)
      } else {
        isLineTooLong = true
      }
    }
  }

  /// One character without an end asks as its query form does; S synchronises.
  private func shortcut(_ byte: UInt8, at now: Int64) {
    guard mode & Bit.checksum == 0 else { return }
    var command: [UInt8] = [0x21, byte]
    if "FMDUTm".utf8.contains(byte) { command.append(0x3F) }
    execute(command, at: now)
  }

  private func execute(_ bytes: [UInt8], at now: Int64) {
    var text = String(decoding: bytes.dropFirst(), as: UTF8.self)
    if let mark = text.lastIndex(of: "*") {
      let body = text[..<mark]
      let sum = body.utf8.reduce(0) { $0 ^ $1 }
      guard text[text.index(after: mark)...] == Self.hexadecimal(UInt16(sum), digits: 2) else {
        if mode & Bit.checksum != 0 { return }
        return tell("?", from: now)
      }
      text = String(body)
    } else if mode & Bit.checksum != 0 {
      return
    }
    guard let letter = text.first else { return tell("?", from: now) }
    let argument = String(text.dropFirst())
    switch letter {
    case "6" where argument.isEmpty: tell(Self.headers, from: now)
    case "^" where argument.isEmpty: tell(telemetry(at: now), from: now)
    case "F": tell(steering(argument, at: now) ?? "?", from: now)
    case "M": tell(setMode(argument) ?? "?", from: now)
    case "S" where argument.isEmpty: syncUntil = now + 3 * Self.second
    case "D": tell(disciplining(argument) ?? "?", from: now)
    case "T": time(argument, at: now)
    case "m":
      if argument != "?" {
        guard let value = Int64(argument), (1...1_000_000_000).contains(value) else { return tell("?", from: now) }
        store(value, in: \.phaseLimit)
      }
      tell("\(phaseLimit)", from: now)
    default: tell("?", from: now)
    }
  }

  private func store<T: Equatable>(_ value: T, in place: ReferenceWritableKeyPath<SA45sTwin, T>) {
    guard self[keyPath: place] != value else { return }
    self[keyPath: place] = value
    memoryWrites += 1
  }

  private func steering(_ argument: String, at now: Int64) -> String? {
    switch argument.first {
    case "?" where argument.count == 1: break
    case "A":
      guard let value = Int64(argument.dropFirst()), value.magnitude <= 2_000_000_000 else { return nil }
      setSteer(femto: value, at: now)
    case "D":
      guard let value = Int64(argument.dropFirst()), value.magnitude <= 20_000_000 else { return nil }
      setSteer(femto: steer + value, at: now)
    case "L" where argument.count == 1:
      settle(to: now)
      oscillator.latchSteer()
      steer = 0
      memoryWrites += 1
    default: return nil
    }
    return "Steer = \(steerShown)"
  }

  private var steerShown: Int64 { Int64((Double(steer) / 1000).rounded()) }

  private func setMode(_ argument: String) -> String? {
    guard argument != "?" else { return "0x" + Self.hexadecimal(mode, digits: 4) }
    let exclusive = Bit.phase | Bit.synchronise | Bit.discipline
    let bits: [Character: UInt16] = [
      "A": Bit.analogTuning, "M": Bit.phase, "S": Bit.synchronise, "D": Bit.discipline, "C": Bit.checksum,
    ]
    guard argument.count == 1, let letter = argument.first else { return nil }
    var next = mode
    if let bit = bits[letter] {
      if bit & exclusive != 0 { next &= ~exclusive }
      next |= bit
      if bit == Bit.discipline, mode & bit == 0 {
        // The discipline begins where the steer is, with a synchronisation.
        servoIntegral = Double(steer) * 1e-15
        goodSeconds = 0
        disciplineState = 0
        if lastIn != nil { synchronise() }
      }
    } else if letter.isLowercase, let bit = bits[Character(letter.uppercased())] {
      next &= ~bit
    } else {
      return nil
    }
    store(next, in: \.mode)
    return "0x" + Self.hexadecimal(mode, digits: 4)
  }

  private func disciplining(_ argument: String) -> String? {
    if argument == "?" { return "\(disciplineSeconds)" }
    if argument == "C?" { return "\(compensation)" }
    if argument == "CL" {
      store(compensation, in: \.storedCompensation)
      return "Phase comp latched"
    }
    if argument.first == "C" {
      guard let value = Int64(argument.dropFirst()), value.magnitude <= 1000 else { return nil }
      compensation = value
      return "\(value)"
    }
    guard let value = Int64(argument), (10...10_000).contains(value) else { return nil }
    store(value, in: \.disciplineSeconds)
    return "\(value)"
  }

  private func time(_ argument: String, at now: Int64) {
    if argument == "?" {
      asksTime = true
      return
    }
    let value = Int64(argument.dropFirst())
    switch (argument.first, value) {
    case ("A", let value?) where (0...Int64(UInt32.max)).contains(value): timeOfDay = value
    case ("D", let value?) where (0...Int64(UInt32.max)).contains(timeOfDay + value): timeOfDay += value
    default: return tell("?", from: now)
    }
    tell("TimeOfDay = \(timeOfDay)", from: now)
  }

  private func tell(_ text: String, from now: Int64) {
    answer.removeAll(keepingCapacity: true)
    TwinText.append(text, to: &answer)
    answer.append(0x0D)
    answer.append(0x0A)
    emit(answer, from: now + replyDelayNanoseconds)
  }

  private func telemetry(at now: Int64) -> String {
    let locked = isLocked(at: now)
    func fixed(_ value: Double, _ decimals: Int) -> String {
      var bytes: [UInt8] = []
      TwinText.append(value, decimals: decimals, to: &bytes)
      return String(decoding: bytes, as: UTF8.self)
    }
    let meter: String
    if mode & (Bit.phase | Bit.discipline) == 0 {
      meter = "---"
    } else if hasInput(at: now), let measured = measuredSeconds {
      meter = "\(Int64((min(max(measured * 1e9, -32768), 32767)).rounded()))"
    } else {
      meter = "NEEDREFPPS"
    }
    let fields = [
      locked ? "0" : "8", "0x0000", serial, "0x" + Self.hexadecimal(mode, digits: 4),
      locked ? "\(4000 + Int64(random.uniform(0, 500)))" : "\(Int64(random.uniform(0, 20)))", fixed(1.24, 2),
      fixed(1.532, 3), fixed(locked ? 16.02 : 19.8, 2), fixed(locked ? 1.086 : 0.9, 3),
      fixed(33 + oscillator.temperatureKelvin, 2), "\(steerShown)", mode & Bit.analogTuning != 0 ? "1.250" : "---",
      meter, "\(disciplineState)", "\(timeOfDay)", "\(locked ? (now - lockedAt) / Self.second : 0)", "1.09",
    ]
    return fields.joined(separator: ",")
  }

  private static func hexadecimal(_ value: UInt16, digits: Int) -> String {
    let text = String(value, radix: 16, uppercase: true)
    return String(repeating: "0", count: max(0, digits - text.count)) + text
  }
}
