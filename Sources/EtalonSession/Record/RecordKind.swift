/// Kinds of records in a ledger. Numbers are part of the format and are never used again for something else.
public enum RecordKind: UInt8, Sendable, CaseIterable {
  // Inputs: what the world did. Replay feeds them to a new engine.
  case opened = 1
  case bytes = 2
  case lineErrors = 3
  case lost = 4
  case edge = 5
  case wake = 6
  case stop = 7
  case truth = 8
  case edgesLost = 9
  case lineOpened = 10
  case lineLost = 11
  case interrupted = 12
  case resumed = 13
  case clockStepped = 14

  // About the run.
  case header = 16
  case end = 17

  // Decisions: what the engine did and found. Replay must find them again, bit for bit.
  case send = 32
  case lineSet = 33
  case closePort = 34
  case window = 35
  case identity = 40
  case pair = 41
  case exchangeFault = 42
  case step = 43
  case visit = 44
  case measurement = 45
  case point = 46
  case adjustment = 47
  case environment = 48
  case actuator = 49
  case estimator = 50
  case remark = 51
  case control = 52
  case phase = 53
  case accuracy = 54
  case held = 55
  case clock = 56
  case steering = 57

  // From the recorder.
  case overflow = 255

  /// Whether replay feeds it to the engine.
  public var isInput: Bool { rawValue < 16 }
  /// Whether replay must find it again.
  public var isDecision: Bool { rawValue >= 32 && rawValue < 64 }
}
