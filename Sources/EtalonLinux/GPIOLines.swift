import CEtalonGPIO
import EtalonCore
import Glibc

/// One change of a line as the kernel saw it.
public struct LineEdge: Equatable, Sendable {
  /// Place of the line in its request.
  public var index: Int
  /// Whether the line became active.
  public var isActive: Bool
  /// When, by the kernel's `CLOCK_MONOTONIC`, at the interrupt.
  public var instant: Instant
  /// Counts the edges of this line from 1; 0 where the library does not tell (libgpiod 1.6).
  public var sequence: UInt32
}

/// Up to 64 lines of one chip in one request of the kernel, through libgpiod.
///
/// Outputs with a safe level are given it when the value ends, and also when the process ends by `exit`, by a fault of
/// its own, or by a signal that ends it. After SIGKILL the kernel gives the lines back, and their level is what the
/// board's pull resistors make of it.
public struct GPIOLines: ~Copyable {
  /// The most lines of one request.
  public static let capacity = Int(ETALON_GPIO_LINES)
  /// Edges that the kernel keeps for each line while nobody takes them. libgpiod 1.6 has no say in it: there it is 16.
  public static let defaultEdgeCapacity = 64
  /// The clock of edges' instants: the same that `LinuxClock` reads.
  public static let edgeClock = TimebaseKind.monotonic

  private let request: OpaquePointer
  /// How each line is set, in the order of the request.
  public private(set) var lines: [LineSpecification]
  /// Label of the chip that all lines are on.
  public let chip: String
  /// Path of the chip, for as long as it is there.
  public let path: String
  private let offsets: [UInt32]
  /// For the loop that waits for edges: libgpiod 1.6 has one descriptor for each line, 2 one for all.
  let descriptors: [Int32]

  /// Requests lines.
  /// - Parameters:
  ///   - lines: 1 to 64, all on one chip. Debouncing needs libgpiod 2; a `LinuxWorld` does it by itself with 1.6.
  ///   - consumer: by which others see who uses the lines.
  ///   - edgeCapacity: edges that the kernel keeps for each line; libgpiod 1.6 always has 16.
  public init(
    _ lines: [LineSpecification], consumer: String = "etalon", edgeCapacity: Int = GPIOLines.defaultEdgeCapacity
  ) throws(GPIOFault) {
    let granted = try Self.grant(lines, consumer: consumer, edgeCapacity: edgeCapacity)
    request = granted.request
    chip = granted.chip
    path = granted.path
    offsets = granted.offsets
    self.lines = lines
    var descriptors = [Int32](repeating: -1, count: Self.capacity)
    let count = etalon_gpio_descriptors(granted.request, &descriptors, Int32(Self.capacity))
    self.descriptors = Array(descriptors.prefix(Int(count)))
  }

  private static func grant(
    _ lines: [LineSpecification], consumer: String, edgeCapacity: Int
  ) throws(GPIOFault) -> (request: OpaquePointer, chip: String, path: String, offsets: [UInt32]) {
    guard (1...capacity).contains(lines.count), edgeCapacity > 0 else { throw .list }
    var places: [(path: String, label: String, offset: UInt32)] = []
    for line in lines { places.append(try GPIOChips.find(line.address)) }
    let first = places[0]
    if let other = places.first(where: { $0.path != first.path }) { throw .severalChips([first.label, other.label]) }
    let offsets = places.map(\.offset)
    guard Set(offsets).count == offsets.count else { throw .list }
    if lines.contains(where: { $0.settings.edges != .none }), !edgesAreMonotonic() {
      throw .settings(line: lines[0].address.text)
    }
    guard let chip = etalon_gpio_open(first.path) else { throw GPIOFault(code: errno) }
    let wanted = zip(lines, offsets).map { settings($0.settings, offset: $1) }
    guard
      let request = etalon_gpio_request_lines(
        chip, consumer, wanted, UInt32(lines.count), UInt32(clamping: edgeCapacity * lines.count))
    else {
      let code = errno
      defer { etalon_gpio_close(chip) }
      throw fault(code, lines, offsets, chip, first.path)
    }
    guard etalon_gpio_guard(request, outputs(lines), safe(lines)) == 0 else {
      etalon_gpio_release(request)
      throw .list
    }
    return (request, first.label, first.path, offsets)
  }

  deinit {
    // A chip that is gone has no lines to be made safe, and nobody is left to tell of another failure.
    _ = etalon_gpio_set(request, Self.outputs(lines), Self.safe(lines))
    etalon_gpio_release(request)
  }

  /// The kernel's reason in terms of the lines that were asked for.
  private static func fault(
    _ code: Int32, _ lines: [LineSpecification], _ offsets: [UInt32], _ chip: OpaquePointer, _ path: String
  ) -> GPIOFault {
    switch code {
    case EBUSY:
      for (line, offset) in zip(lines, offsets) {
        guard let consumer = GPIOChips.line(offset, of: chip, path)?.consumer else { continue }
        return .busy(line: line.address.text, consumer: consumer)
      }
      // Given back in this very moment: it was somebody's when it was asked for.
      return .busy(line: lines[0].address.text, consumer: "")
    case EACCES, EPERM: return .permission(path: path)
    case EINVAL, ENOTSUP, EOPNOTSUPP: return .settings(line: lines.map(\.address.text).joined(separator: ", "))
    default: return GPIOFault(code: code)
    }
  }

  private static func settings(_ line: LineSettings, offset: UInt32) -> etalon_gpio_settings {
    etalon_gpio_settings(
      offset: offset, output: line.direction == .output ? 1 : 0, bias: line.bias.rawValue, drive: line.drive.rawValue,
      edges: line.edges.rawValue, active_low: line.isActiveLow ? 1 : 0, initial: line.initial ? 1 : 0,
      debounce_microseconds: line.debounceMicroseconds)
  }

  private static func outputs(_ lines: [LineSpecification]) -> UInt64 {
    mask(lines) { $0.direction == .output }
  }

  private static func safe(_ lines: [LineSpecification]) -> UInt64 {
    mask(lines) { $0.direction == .output && $0.safe }
  }

  private static func mask(_ lines: [LineSpecification], _ holds: (LineSettings) -> Bool) -> UInt64 {
    var mask: UInt64 = 0
    for (index, line) in lines.enumerated() where holds(line.settings) { mask |= 1 << UInt64(index) }
    return mask
  }

  /// Through the first form of its interface, which libgpiod 1.6 uses, the kernel gives edges the monotonic clock since
  /// version 5.7 only.
  private static func edgesAreMonotonic() -> Bool {
    if GPIOChips.api >= 2 { return true }
    var name = utsname()
    guard uname(&name) == 0 else { return false }
    let release = withUnsafeBytes(of: &name.release) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    let numbers = release.split { !$0.isNumber }.prefix(2).compactMap { Int($0) }
    return numbers.count == 2 && (numbers[0] > 5 || numbers[0] == 5 && numbers[1] >= 7)
  }

  /// Number of lines.
  public var count: Int { lines.count }

  /// Drives the output at a place.
  public mutating func set(_ index: Int, _ active: Bool) throws(GPIOFault) {
    precondition(lines[index].settings.direction == .output, "an input is not driven")
    try set(mask: 1 << UInt64(index), active: active ? 1 << UInt64(index) : 0)
  }

  /// Drives the outputs whose bits are set in `mask`; the others keep their levels.
  public mutating func set(mask: UInt64, active: UInt64) throws(GPIOFault) {
    guard etalon_gpio_set(request, mask, active) == 0 else { throw GPIOFault(code: errno) }
  }

  /// Reads the level at a place; that of an output is read back from the chip.
  public mutating func read(_ index: Int) throws(GPIOFault) -> Bool {
    precondition(index >= 0 && index < count, "no such line")
    return try readAll() >> UInt64(index) & 1 == 1
  }

  /// Reads all levels: bit i is the line at place i.
  public mutating func readAll() throws(GPIOFault) -> UInt64 {
    var active: UInt64 = 0
    guard etalon_gpio_get(request, &active) == 0 else { throw GPIOFault(code: errno) }
    return active
  }

  /// Waits for an edge; false when none came in time.
  public mutating func waitForEdge(nanoseconds: Int64) throws(GPIOFault) -> Bool {
    let deadline = LinuxClock.now() + max(0, nanoseconds)
    while true {
      let result = etalon_gpio_wait(request, max(0, deadline - LinuxClock.now()))
      if result >= 0 { return result == 1 }
      guard errno == EINTR else { throw GPIOFault(code: errno) }
    }
  }

  /// Takes the edges that are there, at most 64, in the order of their instants; appends them to `edges`.
  public mutating func readEdges(into edges: inout [LineEdge]) throws(GPIOFault) {
    let count = withUnsafeTemporaryAllocation(of: etalon_gpio_event.self, capacity: Self.capacity) { events in
      let count = etalon_gpio_read(request, events.baseAddress!, Int32(Self.capacity))
      for index in 0..<max(0, Int(count)) {
        edges.append(
          LineEdge(
            index: Int(events[index].index), isActive: events[index].active != 0,
            instant: Instant(nanoseconds: events[index].nanoseconds), sequence: events[index].sequence))
      }
      return count
    }
    guard count >= 0 else { throw GPIOFault(code: errno) }
  }

  /// Changes how the lines are set; places stay. libgpiod 1.6 can not change lines that report edges.
  public mutating func reconfigure(_ settings: [LineSettings]) throws(GPIOFault) {
    guard settings.count == count else { throw .list }
    let wanted = zip(settings, offsets).map { Self.settings($0, offset: $1) }
    guard etalon_gpio_reconfigure(request, wanted) == 0 else {
      let code = errno
      throw code == EINVAL || code == ENOTSUP
        ? .settings(line: lines.map(\.address.text).joined(separator: ", ")) : GPIOFault(code: code)
    }
    for index in lines.indices { lines[index].settings = settings[index] }
    etalon_gpio_change_guard(request, Self.outputs(lines), Self.safe(lines))
  }
}

/// One digital line of this machine.
public struct GPIOLine: Line, ~Copyable {
  private var lines: GPIOLines

  /// Requests the line; see `GPIOLines`.
  public init(_ line: LineSpecification, consumer: String = "etalon") throws(GPIOFault) {
    lines = try GPIOLines([line], consumer: consumer)
  }

  /// Drives an output to its active (`true`) or inactive level.
  public mutating func set(_ active: Bool) throws(PortFault) {
    do throws(GPIOFault) { try lines.set(0, active) } catch { throw error.portFault }
  }

  /// Reads the present level.
  public mutating func read() throws(PortFault) -> Bool {
    do throws(GPIOFault) { return try lines.read(0) } catch { throw error.portFault }
  }
}
