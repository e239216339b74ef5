import CEtalonLinux
import EtalonCore
import Glibc

/// A line's present state in a world; without `lines` it is lost.
struct LineSlot: ~Copyable {
  var lines: GPIOLines?
  var edges: LineSettings.Edges
  var account: EdgeAccount
  var debouncer: EdgeDebouncer?

  /// Opens a line by itself: then each is busy, gone or faulty by itself.
  init(_ specification: LineSpecification, consumer: String) throws(GPIOFault) {
    var granted = specification
    // Where the library can not ask the kernel for it, the world debounces; for that it needs both directions.
    let isOwn = specification.settings.debounceMicroseconds > 0 && GPIOChips.api < 2
    if isOwn {
      granted.settings.debounceMicroseconds = 0
      if specification.settings.edges != .none { granted.settings.edges = .both }
    }
    var lines = try GPIOLines([granted], consumer: consumer)
    let level = try lines.read(0)
    self.lines = consume lines
    edges = specification.settings.edges
    account = EdgeAccount(granted.settings.edges)
    debouncer =
      isOwn && edges != .none
      ? EdgeDebouncer(microseconds: specification.settings.debounceMicroseconds, level: level) : nil
  }

  init() {
    lines = nil
    edges = .none
    account = EdgeAccount(.none)
    debouncer = nil
  }

  var descriptors: [Int32] {
    switch lines {
    case .some(let lines): lines.descriptors
    case .none: []
    }
  }

  /// How the line is set; nil for a lost one.
  var specification: LineSpecification? {
    switch lines {
    case .some(let lines): lines.lines[0]
    case .none: nil
    }
  }

  /// Whether a change in this direction is asked for.
  func reports(_ isActive: Bool) -> Bool {
    switch edges {
    case .none: false
    case .rising: isActive
    case .falling: !isActive
    case .both: true
    }
  }
}

extension LinuxWorld {
  /// Why a line, or a port that is made of lines, could not be used; nil while it can. It says more than the input did,
  /// for example who uses a busy line.
  public func lineFault(ofPort port: PortIndex) -> GPIOFault? { portLineFaults[port] }
  /// The same for a line of the list of lines.
  public func lineFault(of line: LineIndex) -> GPIOFault? { lineFaults[line] }

  mutating func openLine(_ specification: LineSpecification, at index: Int) {
    do throws(GPIOFault) {
      var slot = try LineSlot(specification, consumer: consumer)
      let level = try slot.lines!.read(0)
      for descriptor in slot.descriptors where !watch(descriptor, Self.lineToken | UInt32(index)) {
        throw .inputOutput(errno)
      }
      lineSlots[index] = consume slot
      inject(.lineOpened(LineIndex(index), active: level))
    } catch {
      loseLine(index, error)
    }
  }

  mutating func loseLine(_ index: Int, _ fault: GPIOFault) {
    lineSlots[index] = LineSlot()
    lineFaults[LineIndex(index)] = fault
    inject(.lineLost(LineIndex(index), fault.portFault))
  }

  /// Drives a line. A line that can not follow is lost; what it is told after that is dropped without another report.
  mutating func set(_ line: LineIndex, _ active: Bool) {
    let index = Int(line)
    guard index < lineCount else {
      // Whoever drives a line that is not there must not believe that it followed.
      inject(.lineLost(line, .missing))
      return
    }
    guard let specification = lineSlots[index].specification else { return }
    do throws(GPIOFault) {
      guard specification.settings.direction == .output else { throw .settings(line: specification.address.text) }
      try lineSlots[index].lines!.set(0, active)
    } catch {
      loseLine(index, error)
    }
  }

  /// Takes the edges of a line that the kernel has.
  mutating func serveLine(_ index: Int, events: UInt32) {
    guard lineSlots[index].lines != nil else { return }
    let line = LineIndex(index)
    do throws(GPIOFault) {
      edgeBatch.removeAll(keepingCapacity: true)
      try lineSlots[index].lines!.readEdges(into: &edgeBatch)
      if edgeBatch.isEmpty, events & (EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0 { throw .gone }
      for place in edgeBatch.indices {
        let edge = edgeBatch[place]
        let missing = lineSlots[index].account.missing(before: edge)
        if missing > 0 { inject(.edgesLost(line, count: missing)) }
        if lineSlots[index].debouncer != nil {
          if let settled = lineSlots[index].debouncer!.take(edge.isActive, at: edge.instant) {
            report(settled.isActive, at: settled.at, of: index)
          }
        } else {
          report(edge.isActive, at: edge.instant, of: index)
        }
      }
      if let last = edgeBatch.last, EdgeAccount.mayLack(batch: edgeBatch.count, sequence: last.sequence) {
        inject(.edgesLost(line, count: 0))
      }
    } catch {
      loseLine(index, error)
    }
  }

  private mutating func report(_ isActive: Bool, at instant: Instant, of index: Int) {
    guard lineSlots[index].reports(isActive) else { return }
    // Handed over by this turn; an edge that came after its look at the clock brings its own instant.
    inject(.edge(LineIndex(index), active: isActive, at: instant), at: max(swept, instant))
  }

  /// When the next change of a debounced line becomes certain.
  var nextSettling: Instant? {
    guard debounces else { return nil }
    var next: Instant?
    for index in 0..<lineCount {
      guard let due = lineSlots[index].debouncer?.due else { continue }
      if next.map({ due < $0 }) ?? true { next = due }
    }
    return next
  }

  /// Reports the changes that have become certain by an instant.
  mutating func settleLines(at instant: Instant) {
    guard debounces else { return }
    for index in 0..<lineCount where lineSlots[index].debouncer != nil {
      if let settled = lineSlots[index].debouncer!.settle(at: instant) {
        report(settled.isActive, at: settled.at, of: index)
      }
    }
  }

  /// A chip went away. The kernel does not wake those who wait for its lines, so each line is asked.
  mutating func checkLines() {
    var events: InlineArray<4096, UInt8> = InlineArray(repeating: 0)
    while withUnsafeMutableBytes(of: &events, { Glibc.read(chipWatch, $0.baseAddress!, $0.count) }) > 0 {}
    for index in 0..<lineCount where lineSlots[index].lines != nil {
      do throws(GPIOFault) { _ = try lineSlots[index].lines!.readAll() } catch { loseLine(index, error) }
    }
    checkLinePorts()
  }
}
