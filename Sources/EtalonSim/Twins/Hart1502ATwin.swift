import EtalonCore
import EtalonMetrology

/// Twin of a Hart/Fluke 1502A thermometer readout with its probe, after the user's guide of the 1502A and 1522.
///
/// A command ends with CR or LF, in any letter case; an answer ends with CR LF (CR alone after `LF=OFF`). An unknown
/// command is passed over in silence. A new reading is made once in each period, whether somebody asks or not.
final class Hart1502ATwin: DeviceTwin {
  private enum Unit: UInt8 {
    case celsius = 0x43
    case fahrenheit = 0x46
    case kelvin = 0x4B
  }

  private static let lineLimit = 80

  private let truth: BenchTruth
  private let serial: String
  private let noiseKelvin: Double
  private let resolutionKelvin: Double
  private let periodSeconds: Double
  private let periodNanoseconds: Int64
  private let defaultFilterSeconds: Double
  private let defaultDuplexFull: Bool
  private var random: RandomStream

  private var line: [UInt8] = []
  private var isLineTooLong = false
  private var answer: [UInt8] = []
  private var nextReading: Int64
  private var nextSending: Int64?
  private var sendingSeconds: Int64 = 0
  private var filterSeconds: Double
  private var filterKeep = 0.0
  private var filtered: Double?
  private var shownCelsius = 0.0
  private var duplexFull: Bool
  private var lineFeed = true
  private var unit = Unit.celsius
  private var probe = CallendarVanDusen()

  init(
    _ configuration: SimConfiguration, serial: String, truth: BenchTruth, seed: UInt64, start: Int64,
    characterNanoseconds: Int64
  ) {
    let reference = configuration.reference
    self.truth = truth
    self.serial = serial
    noiseKelvin = reference.noiseKelvin
    resolutionKelvin = reference.resolutionKelvin
    periodSeconds = reference.periodSeconds
    periodNanoseconds = max(1, Int64((reference.periodSeconds / configuration.speed * 1e9).rounded()))
    defaultFilterSeconds = reference.filterSeconds
    defaultDuplexFull = reference.duplexFull
    filterSeconds = reference.filterSeconds
    duplexFull = reference.duplexFull
    random = RandomStream(seed: seed, stream: SimStream.referenceNoise.rawValue)
    // The instrument's own rhythm has nothing to do with that of the host.
    nextReading = start + Int64(random.uniform() * Double(periodNanoseconds))
    super.init(replyDelaySeconds: reference.replyDelaySeconds, pacedCharacterNanoseconds: characterNanoseconds)
    line.reserveCapacity(Self.lineLimit)
    answer.reserveCapacity(64)
    setFilter(filterSeconds)
  }

  private func setFilter(_ seconds: Double) {
    filterSeconds = seconds
    filterKeep = seconds > 0 ? Elementary.exp(-periodSeconds / seconds) : 0
  }

  override func powerOn(at now: Int64, bath: inout StirredBath) {
    line.removeAll(keepingCapacity: true)
    isLineTooLong = false
    setFilter(defaultFilterSeconds)
    duplexFull = defaultDuplexFull
    lineFeed = true
    sendingSeconds = 0
    nextSending = nil
    unit = .celsius
    filtered = nil
    while nextReading < now { nextReading += periodNanoseconds }
    // Something has to be on the display before the first period is over.
    bath.advance(toNanoseconds: now)
    convert(at: now, bath: bath)
  }

  override var nextEvent: Int64 { min(nextReading, nextSending ?? .max) }

  override func act(at now: Int64, bath: inout StirredBath) {
    if nextReading <= now {
      bath.advance(toNanoseconds: nextReading)
      convert(at: nextReading, bath: bath)
      nextReading += periodNanoseconds
    } else if let due = nextSending, due <= now {
      nextSending = due + sendingSeconds * 1_000_000_000
      beginAnswer()
      appendReading(shownCelsius)
      finishAnswer(from: now)
    }
  }

  private func convert(at now: Int64, bath: StirredBath) {
    let celsius = bath.referenceCelsius(atNanoseconds: now)
    var reading =
      truth.reference.indication(at: celsius) + truth.referenceDriftKelvin + noiseKelvin * random.normal()
    if faults.isOn(.offsetStep) { reading += faults.value(.offsetStep) ?? 0 }
    let smooth = filtered.map { filterKeep * $0 + (1 - filterKeep) * reading } ?? reading
    filtered = smooth
    if faults.isOn(.stuck) { return }
    shownCelsius = (smooth / resolutionKelvin).rounded() * resolutionKelvin
  }

  override func take(_ frame: Frame, at now: Int64, bath: inout StirredBath) {
    for index in 0..<frame.count {
      let byte = frame[index]
      if byte == 0x0D || byte == 0x0A {
        if !line.isEmpty, !isLineTooLong { execute(at: now) }
        line.removeAll(keepingCapacity: true)
        isLineTooLong = false
      } else if line.count < Self.lineLimit {
        line.append(byte)
      } else {
        isLineTooLong = true
      }
    }
  }

  private func beginAnswer() { answer.removeAll(keepingCapacity: true) }

  private func endLine() {
    answer.append(0x0D)
    if lineFeed { answer.append(0x0A) }
  }

  private func finishAnswer(from start: Int64) {
    endLine()
    emit(answer, from: start)
  }

  /// `t: nnnn.nnn u`: the value is blank-padded to eight columns.
  private func appendReading(_ celsius: Double) {
    TwinText.append("t: ", to: &answer)
    TwinText.append(inUnit(celsius), decimals: 3, width: 8, to: &answer)
    answer.append(0x20)
    answer.append(unit.rawValue)
  }

  private func inUnit(_ celsius: Double) -> Double {
    switch unit {
    case .celsius: celsius
    case .fahrenheit: celsius * 1.8 + 32
    case .kelvin: celsius + 273.15
    }
  }

  private func execute(at now: Int64) {
    beginAnswer()
    if duplexFull {
      answer.append(contentsOf: line)
      endLine()
    }
    let echoed = answer.count
    // The frequent command first, without making a string of it.
    if line.count == 1, line[0] == 0x54 || line[0] == 0x74 {
      appendReading(shownCelsius)
    } else {
      let text = String(decoding: line.map(TwinText.uppercased), as: UTF8.self)
      let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = parts[0].filter { $0 != " " }
      if parts.count == 2 {
        set(name, parts[1].filter { $0 != " " }, at: now)
      } else {
        query(name)
      }
    }
    if answer.count > echoed {
      finishAnswer(from: now + replyDelayNanoseconds)
    } else if echoed > 0 {
      emit(answer, from: now + replyDelayNanoseconds)
    }
  }

  private func query(_ name: String) {
    switch name {
    case "FETC?", "FETCH?": TwinText.append(inUnit(shownCelsius), decimals: 3, to: &answer)
    case "SA": TwinText.append("sa: \(sendingSeconds)", to: &answer)
    case "FI": TwinText.append("fi: \(Int64(filterSeconds.rounded()))", to: &answer)
    case "DU": TwinText.append(duplexFull ? "du: FULL" : "du: HALF", to: &answer)
    case "LF": TwinText.append(lineFeed ? "lf: ON" : "lf: OFF", to: &answer)
    case "U":
      TwinText.append("u: ", to: &answer)
      answer.append(unit.rawValue)
    case "P": TwinText.append("p: R", to: &answer)
    case "R0": appendCoefficient("r0: ", probe.r0, decimals: 3)
    case "AL": appendCoefficient("al: ", probe.alpha, decimals: 8)
    case "DE": appendCoefficient("de: ", probe.delta, decimals: 4)
    case "BE": appendCoefficient("be: ", probe.beta, decimals: 4)
    case "*SN": TwinText.append("sn: \(serial)", to: &answer)
    case "*VER": TwinText.append("ver.1502A,2.01", to: &answer)
    case "*IDN?": TwinText.append("HART,1502A,\(serial),2.01", to: &answer)
    case "H": TwinText.append("T FETC? SA U FI DU LF P R0 AL DE BE CO *IDN? *SN *VER H", to: &answer)
    default:
      if name.count > 1, "TEMPERATURE".hasPrefix(name) { appendReading(shownCelsius) }
    }
  }

  private func appendCoefficient(_ label: StaticString, _ value: Double, decimals: Int) {
    TwinText.append(label, to: &answer)
    TwinText.append(value, decimals: decimals, to: &answer)
  }

  private func set(_ name: String, _ text: String, at now: Int64) {
    if name == "SA" {
      if let seconds = Self.seconds(text) {
        sendingSeconds = seconds
        nextSending = seconds > 0 ? now + seconds * 1_000_000_000 : nil
      }
      return
    }
    if let number = Double(text), number.isFinite {
      switch name {
      case "FI" where (0...60).contains(number): setFilter(number)
      case "R0" where number > 0 && number < 1e5: probe.r0 = number
      case "AL" where number > 0 && number < 1: probe.alpha = number
      case "DE" where number.magnitude < 100: probe.delta = number
      case "BE" where number.magnitude < 100: probe.beta = number
      case "CO":
        if let celsius = probe.celsius(ohms: number) { appendReading(celsius) }
      default: break
      }
      return
    }
    switch (name, text) {
    case ("DU", "F"), ("DU", "FULL"): duplexFull = true
    case ("DU", "H"), ("DU", "HALF"): duplexFull = false
    case ("LF", "ON"): lineFeed = true
    case ("LF", "OF"), ("LF", "OFF"): lineFeed = false
    case ("U", "C"): unit = .celsius
    case ("U", "F"): unit = .fahrenheit
    case ("U", "K"): unit = .kelvin
    default: break
    }
  }

  /// Reads `[[hh:]mm:]ss`, at most 24 h.
  static func seconds(_ text: String) -> Int64? {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard (1...3).contains(parts.count) else { return nil }
    var total: Int64 = 0
    for part in parts {
      guard !part.isEmpty, part.count <= 5, part.allSatisfy(\.isNumber), let value = Int64(part) else { return nil }
      total = total * 60 + value
    }
    return total <= 86_400 ? total : nil
  }
}

/// Resistance of a platinum probe after Callendar and Van Dusen; IEC 60751 gives the values at power-on.
struct CallendarVanDusen {
  var r0 = 100.0
  var alpha = 0.00385055
  var delta = 1.4998
  var beta = 0.109

  func ohms(celsius t: Double) -> Double {
    let a = alpha * (1 + delta / 100)
    let b = -alpha * delta * 1e-4
    let c = t < 0 ? -alpha * beta * 1e-8 : 0
    return r0 * (1 + t * (a + t * (b + c * (t - 100) * t)))
  }

  /// Temperature in °C of a resistance, by Newton's method from the straight line; nil where it does not converge.
  func celsius(ohms: Double) -> Double? {
    var t = (ohms / r0 - 1) / alpha
    for _ in 0..<30 {
      let slope = (self.ohms(celsius: t + 0.01) - self.ohms(celsius: t - 0.01)) / 0.02
      let step = (self.ohms(celsius: t) - ohms) / slope
      t -= step
      guard t.isFinite, t > -250, t < 1000 else { return nil }
      if step.magnitude < 1e-9 { return t }
    }
    return nil
  }
}
