import EtalonCore

/// Exit codes of the command line; one meaning each, the same for every verb.
public enum ExitCode: Int32, Sendable {
  case conforming = 0
  case nonconforming = 1
  case inconclusive = 2
  /// Stopped on request, resumable, safe state reached.
  case stopped = 3
  case verificationFailed = 4
  case nothingSelected = 5
  /// The safe state of an actuator that this run switched on was not confirmed.
  case unsafe = 6
  case usage = 64
  case badData = 65
  case missingFile = 66
  case deviceAbsent = 69
  case internalError = 70
  case diskFull = 73
  case inputOutput = 74
  case busy = 75
  case permission = 77
  case badBench = 78
}

extension PortFault {
  /// The exit code of a run that a port ended.
  public var exitCode: ExitCode {
    switch self {
    case .missing, .hangUp, .vanished: .deviceAbsent
    case .notATerminal, .settingsRefused, .systemConsole, .baudNotApplied, .dataBitsNotApplied, .parityNotApplied,
      .stopBitsNotApplied, .otherDevice, .ambiguous, .movedElsewhere:
      .badBench
    case .permission: .permission
    case .busy: .busy
    case .inputOutput: .inputOutput
    }
  }

  /// Reason and remedy, for people.
  public var explanation: String {
    switch self {
    case .missing: "no such port; is the device plugged in, and is the path in the bench file right?"
    case .notATerminal: "the path is not a serial port or terminal; name the port of the device in the bench file"
    case .permission:
      "no permission to open the port; add your user to the port's group (usually dialout) and log in again"
    case .busy: "another program holds the port; end it or wait"
    case .hangUp: "the device hung up; check cable and power"
    case .vanished: "the device went away: unplugged, reset or without power; check cable and power"
    case .systemConsole: "the port is the console of this machine, which is never opened; name another port"
    case .settingsRefused: "the port refused the serial settings; check baud rate, bits and parity in the bench file"
    case .baudNotApplied:
      "the port accepted the baud rate and did not apply it; name a rate that it has in the bench file"
    case .dataBitsNotApplied:
      "the port accepted the number of data bits and did not apply it; use another port, or 8 bits on both sides"
    case .parityNotApplied:
      "the port accepted the parity and did not apply it; use another port, or no parity on both sides"
    case .stopBitsNotApplied:
      "the port accepted the number of stop bits and did not apply it; use another port, or 1 stop bit on both sides"
    case .otherDevice:
      "another device answers to the port's name than before; plug the right one in, or correct the bench file"
    case .ambiguous:
      "several devices have the identity in the bench file; add the serial number or the interface, or name the physical path"
    case .movedElsewhere:
      "the device came back under another name; name it by its USB identity in the bench file instead of by a path"
    case .inputOutput: "the operating system reported an input/output error; see dmesg"
    }
  }
}

extension PortFault {
  /// Reason and remedy, for people, where a GPIO line is concerned.
  public var lineExplanation: String {
    switch self {
    case .missing: "no such GPIO line; 'gpioinfo' lists the names, chips and offsets that there are"
    case .permission: "no permission for the GPIO chip; add your user to its group (usually gpio) and log in again"
    case .busy: "somebody else uses the GPIO line; 'gpioinfo' says who"
    case .vanished, .hangUp: "the GPIO chip is gone; was its module unloaded or its device unplugged?"
    case .settingsRefused: "the chip does not offer the settings of the GPIO line"
    default: "the operating system reported an error for the GPIO line; see dmesg"
    }
  }
}

extension ExchangeFault {
  /// The exit code of a run that this fault ended.
  public var exitCode: ExitCode {
    switch self {
    case .timeout, .truncated: .deviceAbsent
    case .checksum, .malformed, .stale, .wrongAddress, .device, .line: .inputOutput
    case .port(let fault): fault.exitCode
    case .readBack, .commitCount: .verificationFailed
    case .unsupported: .badBench
    }
  }

  /// Short name of the kind, for counting.
  public var kind: String {
    switch self {
    case .timeout: "timeout"
    case .truncated: "truncated"
    case .checksum: "checksum"
    case .malformed: "malformed"
    case .stale: "stale"
    case .wrongAddress: "wrong address"
    case .device: "device error"
    case .line: "line error"
    case .port: "port"
    case .readBack: "read-back"
    case .commitCount: "commit count"
    case .unsupported: "unsupported"
    }
  }

  /// What happened, with the facts.
  public var explanation: String {
    switch self {
    case .timeout: "it does not answer; check power, cable and baud rate"
    case .truncated(let received): "its answer broke off after \(received) bytes"
    case .checksum(let expected, let received):
      "checksum \(String(received, radix: 16)) received, \(String(expected, radix: 16)) expected"
    case .malformed(received: 0): "its answer is empty or contradicts itself"
    case .malformed(let received):
      "its answer of \(received) bytes is not what the data sheet says; is it the right device?"
    case .stale: "it repeats an old answer"
    case .wrongAddress(let address): "address \(address) answered"
    case .device(let code): "it reports error \(code)"
    case .line(let errors): "the line reported errors (\(errors.rawValue)): check baud rate, parity and cable"
    case .port(let fault): fault.explanation
    case .readBack(let index, let expected, let received):
      "coefficient \(index) reads back as \(received), \(expected) was written; the device keeps its former set as previous"
    case .commitCount(let expected, let received):
      "its commit counter is \(received), \(expected) was expected; another program may be adjusting it"
    case .unsupported: "its driver can not do what the session asks"
    }
  }
}

/// What the run says in the end.
public enum Verdict: String, Sendable {
  case conforming, nonconforming, inconclusive, stopped, failed
}

/// Why a run failed.
public struct Failure: Error, Sendable, Equatable {
  /// The exit code that this failure gives the run.
  public var exitCode: ExitCode
  /// Role concerned; empty when it is none in particular.
  public var role: String
  /// Reason and remedy.
  public var reason: String
  /// A failure with its exit code, role and reason.
  public init(_ exitCode: ExitCode, role: String = "", _ reason: String) {
    self.exitCode = exitCode
    self.role = role
    self.reason = reason
  }
}
