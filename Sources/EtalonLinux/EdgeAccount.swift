import EtalonCore

/// Accounts for every edge of one line: what the kernel kept must follow from one edge to the next, or edges were lost.
///
/// - libgpiod 2: the kernel numbers the edges of each line, so the count is exact.
/// - libgpiod 1.6: edges carry no number. Where both directions are reported they must alternate, so two alike in a row
///   mean that at least one is missing; an even number of missing edges can not be seen from them. The kernel keeps 16
///   and drops what comes after, so 16 taken at once mean that more may have come (`count` 0). A line that reports one
///   direction only has nothing but this last sign.
struct EdgeAccount: Sendable {
  /// The kernel's buffer for each line through the interface that libgpiod 1.6 uses (`gpiolib-cdev.c`, `lineevent_state`).
  static let oldBuffer = 16

  private let reportsBoth: Bool
  private var lastSequence: UInt32 = 0
  private var lastActive: Bool?

  init(_ edges: LineSettings.Edges) { reportsBoth = edges == .both }

  /// How many edges are missing before this one.
  mutating func missing(before edge: LineEdge) -> UInt32 {
    defer {
      lastSequence = edge.sequence
      lastActive = edge.isActive
    }
    if edge.sequence != 0 {
      let gap = edge.sequence &- lastSequence &- 1
      if gap != 0 { return gap }
    }
    return reportsBoth && lastActive == edge.isActive ? 1 : 0
  }

  /// Whether a batch of so many edges, taken at once, leaves open whether more came.
  static func mayLack(batch: Int, sequence: UInt32) -> Bool { sequence == 0 && batch >= oldBuffer }
}

/// Debouncing without the kernel, for libgpiod 1.6: a change counts when the line has kept its new level for the given
/// time, and its instant is the end of that time, as the kernel's own debouncing has it. A contact that bounces more
/// than 16 times before the loop looks overruns the kernel's buffer; that is reported as lost edges.
struct EdgeDebouncer: Sendable {
  private let nanoseconds: Int64
  private var reported: Bool
  private var latest: Bool
  /// When the present level counts; nil while it is the one that was reported.
  private(set) var due: Instant?

  init(microseconds: UInt32, level: Bool) {
    nanoseconds = Int64(microseconds) * 1000
    reported = level
    latest = level
  }

  /// A change that the kernel saw; gives the change that became certain before it, if one did.
  mutating func take(_ isActive: Bool, at instant: Instant) -> (isActive: Bool, at: Instant)? {
    let settled = settle(at: instant)
    latest = isActive
    due = isActive == reported ? nil : instant + nanoseconds
    return settled
  }

  /// The change that has become certain by an instant.
  mutating func settle(at instant: Instant) -> (isActive: Bool, at: Instant)? {
    guard let end = due, end <= instant else { return nil }
    due = nil
    reported = latest
    return (reported, end)
  }
}
