import EtalonCore
import EtalonMetrology

/// MAX31865 resistance-to-digital converter with a Pt100, over SPI on plain lines (mode 1 or 3).
///
/// Data sheet MAX31865 (rev. 3): register map in table 1, configuration in table 2, R = code · R_ref / 32768 under "RTD
/// data registers", status under "fault status register". Temperature by IEC 60751 (Callendar-Van Dusen) with R0 = 100 Ω.
/// - Bias stays on, so that a conversion need not wait for the input filter. One conversion at a time (one shot, 50 Hz
///   filter); the driver asks for the registers after 70 ms and, while the chip has not cleared the one-shot bit, again
///   every 10 ms.
/// - The interface has no checksum. All eight registers are read in one burst, and the configuration must be the one
///   that was written: a line that is stuck, a chip without supply or one that was reset is a fault, never a reading.
/// - A reading belongs to the middle of the conversion, 31 ms after the frame that started it.
/// - The chip can not say who it is: the serial number is that of the bench file, and identifying checks that the chip
///   answers.
/// - `.device` carries the fault status register.
public struct MAX31865: CataloguedDriver {
  /// What bench files and sessions know about this driver.
  public static let entry = CatalogueEntry(
    name: "max31865", model: "MAX31865", roles: .device, settings: SerialSettings(baud: 115_200), connection: .spi)

  /// Time from the start of a conversion to its middle, 62.5 ms / 2.
  static let middleNanoseconds: Int64 = 31_250_000
  static let conversionNanoseconds: Int64 = 70_000_000
  static let pollNanoseconds: Int64 = 10_000_000
  static let patienceNanoseconds: Int64 = 300_000_000
  static let replyNanoseconds: Int64 = 500_000_000

  private enum Task: Sendable { case none, identify, read }
  private enum Stage: Sendable { case idle, configuring, checking, starting, converting, fetching }

  private let configuration: UInt8
  private let referenceOhm: Double
  private let serial: Frame
  private let thermometer: CallendarVanDusen?
  private var task = Task.none
  private var stage = Stage.idle
  private var due = Instant(nanoseconds: 0)
  private var started = Instant(nanoseconds: 0)
  private var conversion: UInt32 = 0

  /// Configures the driver from what a bench file says: by default 400 Ω, 4 wires.
  public init(options: SensorOptions) {
    // Bias on (80h), three wires (10h), 50 Hz filter (01h).
    configuration = 0x81 | (options.wires == 3 ? 0x10 : 0)
    referenceOhm = options.referenceOhm ?? 400
    serial = options.serial ?? Frame()
    do throws(CalibrationFault) { thermometer = try CallendarVanDusen() } catch { thermometer = nil }
  }

  /// Whether a request is under way.
  public var isBusy: Bool { task != .none }
  /// When `wake` must be called at the latest.
  public var deadline: Instant? { task == .none ? nil : due }

  /// Begins a request.
  public mutating func start(_ request: DeviceRequest, at instant: Instant) -> DriverStep {
    precondition(!isBusy, "a request is under way")
    switch request {
    case .identify:
      task = .identify
      // Clear old faults (02h) with the first write.
      return write(configuration | 0x02, then: .configuring, at: instant)
    case .read:
      task = .read
      return write(configuration | 0x20, then: .starting, at: instant)
    default:
      // The converter holds no coefficients that could be read or adjusted.
      return DriverStep(report: .fault(.unsupported))
    }
  }

  private mutating func write(_ byte: UInt8, then next: Stage, at instant: Instant) -> DriverStep {
    var frame = Frame()
    frame.append(0x80)
    frame.append(byte)
    stage = next
    due = instant + Self.replyNanoseconds
    return DriverStep(send: frame)
  }

  /// Reads all registers, 00 to 07.
  private mutating func fetch(then next: Stage, at instant: Instant) -> DriverStep {
    var frame = Frame()
    frame.append(0x00)
    for _ in 0..<8 { frame.append(0xFF) }
    stage = next
    due = instant + Self.replyNanoseconds
    return DriverStep(send: frame)
  }

  /// Takes what came back while a frame was sent.
  public mutating func receive(_ frame: Frame, first: Instant, at instant: Instant) -> DriverStep {
    switch stage {
    case .idle, .converting: return DriverStep()
    case .configuring:
      guard frame.count == 2 else { return finish(.fault(.malformed(received: frame.count))) }
      return fetch(then: .checking, at: instant)
    case .starting:
      guard frame.count == 2 else { return finish(.fault(.malformed(received: frame.count))) }
      started = instant
      stage = .converting
      due = instant + Self.conversionNanoseconds
      return DriverStep()
    case .checking, .fetching:
      guard frame.count == 9 else { return finish(.fault(.malformed(received: frame.count))) }
      return stage == .checking ? check(frame) : take(frame, at: instant)
    }
  }

  private mutating func check(_ frame: Frame) -> DriverStep {
    guard frame[1] == configuration else { return differs(frame[1]) }
    return finish(.identity(DeviceIdentity(text: Frame(ascii: "MAX31865"), serial: serial)))
  }

  private mutating func take(_ frame: Frame, at instant: Instant) -> DriverStep {
    if frame[1] == configuration | 0x20 {
      guard instant - started < Self.patienceNanoseconds else { return finish(.fault(.timeout)) }
      stage = .converting
      due = instant + Self.pollNanoseconds
      return DriverStep()
    }
    guard frame[1] == configuration else { return differs(frame[1]) }
    let word = UInt16(frame[2]) << 8 | UInt16(frame[3])
    if word & 1 == 1 { return finish(.fault(.device(code: Int32(frame[8])))) }
    let code = Double(word >> 1)
    conversion &+= 1
    var reading = Reading(
      value: .nan, raw: (code - 16_384) / 16_384, conversion: conversion, instant: started + Self.middleNanoseconds,
      quality: [])
    do throws(CalibrationFault) {
      guard let celsius = try thermometer?.celsius(resistanceOhm: code * referenceOhm / 32_768) else {
        return finish(.fault(.unsupported))
      }
      reading.value = celsius
    } catch {
      // Outside −200 °C to 850 °C the relation is not declared.
      reading.quality.insert(.overRange)
    }
    return finish(.reading(reading))
  }

  private mutating func differs(_ received: UInt8) -> DriverStep {
    finish(.fault(.readBack(index: 0, expected: Double(configuration), received: Double(received))))
  }

  /// The interface reports no errors.
  public mutating func receive(_ errors: LineErrors, at instant: Instant) -> DriverStep { DriverStep() }

  /// The conversion is over, or an answer is overdue.
  public mutating func wake(at instant: Instant) -> DriverStep {
    guard task != .none, due <= instant else { return DriverStep() }
    if stage == .converting { return fetch(then: .fetching, at: instant) }
    return finish(.fault(.timeout))
  }

  /// The lines are gone; a request under way fails with them.
  public mutating func lose(_ fault: PortFault, at instant: Instant) -> DriverStep {
    guard task != .none else { return DriverStep() }
    return finish(.fault(.port(fault)))
  }

  private mutating func finish(_ report: DeviceReport) -> DriverStep {
    task = .none
    stage = .idle
    return DriverStep(report: report)
  }
}
