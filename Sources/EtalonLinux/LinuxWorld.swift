import CEtalonLinux
import EtalonCore
import Glibc

/// A port of a Linux world, at its place in the list of ports.
public enum LinuxPortSpecification: Sendable, Equatable {
  /// A serial port or the slave side of a pseudo-terminal, opened. When the device of a real port goes away, it is waited
  /// for as long as `reconnectNanoseconds` says; 0 takes the port for lost at once.
  case port(PortAddress, settings: SerialSettings, reconnectNanoseconds: Int64 = 0)
  /// The master side of a new pseudo-terminal whose slave is found at `link`.
  case pseudoTerminal(link: String)
  /// Lines that a device is reached over; the places in `port` are those in `lines`.
  case lines(LinePort, [LineSpecification])

  /// A serial port or the slave side of a pseudo-terminal at a path.
  public static func serial(path: String, settings: SerialSettings) -> LinuxPortSpecification {
    .port(.path(path), settings: settings)
  }
}

/// How the signals of a Linux world become requests to stop. A hang-up of the controlling terminal is always `now`,
/// because nobody is left to ask a second time.
public enum SignalPolicy: Sendable, Equatable {
  /// Signals keep the meaning that they have for the process.
  case none
  /// The first SIGINT or SIGTERM asks for a stop at the next checkpoint, each further one for a stop now.
  case checkpointFirst
  /// Each SIGINT or SIGTERM asks for a stop now.
  case immediate
}

/// A Linux machine with its ports, its lines and its monotonic clock, waited for in one place: one `epoll` over all of
/// them, a timer for the deadline and a descriptor for signals. It uses no time of the processor while nothing happens,
/// also while a port is gone.
///
/// Input bytes carry the instant at which the kernel handed them over; the kernel does not tell when they were on the
/// wire. Edges of lines carry the kernel's own time stamp. A port or a line that can not follow is reported as lost, once:
/// a run must not go on with an actuator that does not follow.
public struct LinuxWorld: World, ~Copyable {
  private static let timerToken: UInt32 = 0x1_0000
  private static let signalToken: UInt32 = 0x1_0001
  private static let chipToken: UInt32 = 0x1_0002
  /// The token of a line is this and its index.
  static let lineToken: UInt32 = 0x2_0000
  private static let deviceToken: UInt32 = 0x1_0003
  private static let calendarToken: UInt32 = 0x1_0004
  /// Frames taken from one port before the others have their turn: 4 KiB, a kernel buffer's worth.
  private static let framesPerTurn = 16
  /// How long a failure that the check reports may go unnoticed while nothing else happens.
  private static let checkMilliseconds: Int32 = 100

  /// Time before a deadline at which the loop wakes and waits the rest in a spin, for loops that can not bear the
  /// kernel's wake-up latency; 0 sleeps to the end. It costs that share of one processor, and input that arrives during
  /// the spin is served after the deadline's `.wake`.
  public var spinNanoseconds: Int64 = 0

  /// Whether the waiting thread is under a real-time scheduler (see `RealTime`): then the time-out of the wait itself is
  /// exact, and the way over the timer, which wakes the thread some microseconds later, is not taken.
  public var isRealTime = false

  let slots: UnsafeMutablePointer<PortSlot>
  /// Number of ports.
  public let portCount: Int
  private let epoll: Int32
  private let timer: Int32
  /// Set on the calendar clock for its last day, so that it reports only that the clock was stepped.
  private let calendar: Int32
  private let signals: Int32
  /// Tells of new device files; -1 where no port is waited for.
  let deviceWatch: Int32
  /// Number of ports whose device is away and waited for.
  var awayCount = 0
  private let policy: SignalPolicy
  private var stopRequests = 0
  private var check: (() -> Input?)?
  private var pending: [TimedInput] = []
  private var pendingStart = 0
  private var armed: Instant?
  private var latest = Instant(nanoseconds: 0)
  /// When the ports were last looked at, as seen after the look.
  var swept = Instant(nanoseconds: Int64.min)

  // Lines: see LinuxWorld+Lines.swift.
  let lineSlots: UnsafeMutablePointer<LineSlot>
  /// Number of lines.
  public let lineCount: Int
  /// By which others see who uses the lines.
  let consumer: String
  var lineFaults: [LineIndex: GPIOFault] = [:]
  var portLineFaults: [PortIndex: GPIOFault] = [:]
  var edgeBatch: [LineEdge] = []
  let debounces: Bool
  /// Tells when a chip goes away; -1 without lines.
  let chipWatch: Int32
  /// Lets half a period of a clock on lines pass, given in nanoseconds. A test puts the far side's work in its place.
  public var linePause: (Int64) -> Void = LineConnection.wait

  /// Kept alive by each turn of the loop; nil without one. See LinuxWorld+Heartbeat.swift.
  public var deadMan: DeadMan?

  /// Blocks SIGINT, SIGTERM and SIGHUP in this thread and all that it starts, so that they come to the world only, and
  /// SIGPIPE and SIGXFSZ, so that a reader that goes away or a full disk is an error of that write and does not end the
  /// process with an actuator on. Call it before the first thread is started; a signal that a parent process chose to
  /// ignore stays ignored.
  public static func blockSignals() {
    var set = signalSet()
    sigaddset(&set, SIGPIPE)
    sigaddset(&set, SIGXFSZ)
    pthread_sigmask(SIG_BLOCK, &set, nil)
  }

  private static func signalSet() -> sigset_t {
    var set = sigset_t()
    sigemptyset(&set)
    for signal in [SIGINT, SIGTERM, SIGHUP] { sigaddset(&set, signal) }
    return set
  }

  /// Opens all ports. A port that can not be opened is no fault here: the first inputs are, in the order of the list,
  /// `.opened` or `.lost` with the reason for each port.
  /// - Parameters:
  ///   - ports: at most 256; the place in the list is the port's index.
  ///   - lines: at most 256; the place in the list is the line's index. After the inputs of the ports come, in the order
  ///     of this list, `.lineOpened` or `.lineLost` for each.
  ///   - signals: what signals mean; other than `none`, `blockSignals` must have been called.
  ///   - check: asked on each turn, at least ten times a second; the first input that it gives is delivered once, and it
  ///     is not asked again. It is for failures that happen off the loop, such as that of the ledger.
  /// - Throws: `inputOutput` when the process can have no more descriptors.
  public init(
    ports: [LinuxPortSpecification], lines: [LineSpecification] = [], consumer: String = "etalon",
    signals policy: SignalPolicy, check: (() -> Input?)? = nil
  ) throws(PortFault) {
    precondition(ports.count <= 256 && lines.count <= 256, "an index of a port or a line has eight bits")
    portCount = ports.count
    slots = .allocate(capacity: max(1, ports.count))
    for index in ports.indices { (slots + index).initialize(to: PortSlot()) }
    epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
    timer = timerfd_create(CLOCK_MONOTONIC, Int32(TFD_CLOEXEC | TFD_NONBLOCK))
    calendar = timerfd_create(CLOCK_REALTIME, Int32(TFD_CLOEXEC | TFD_NONBLOCK))
    var set = Self.signalSet()
    signals = policy == .none ? -1 : signalfd(-1, &set, Int32(SFD_CLOEXEC | SFD_NONBLOCK))
    let waits = ports.contains {
      if case .port(_, _, let reconnect) = $0 { reconnect > 0 } else { false }
    }
    deviceWatch = waits ? inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK)) : -1
    self.policy = policy
    self.check = check
    pending.reserveCapacity(max(64, ports.count + lines.count))
    lineCount = lines.count
    lineSlots = .allocate(capacity: max(1, lines.count))
    for index in lines.indices { (lineSlots + index).initialize(to: LineSlot()) }
    self.consumer = consumer
    edgeBatch.reserveCapacity(GPIOLines.capacity)
    debounces = GPIOChips.api < 2 && lines.contains { $0.settings.debounceMicroseconds > 0 }
    let usesLines = !lines.isEmpty || ports.contains { if case .lines = $0 { true } else { false } }
    chipWatch = usesLines ? inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK)) : -1
    guard epoll >= 0, timer >= 0, calendar >= 0, signals >= 0 || policy == .none,
      // By edges: setting the timer anew takes back what it reported, so that nothing has to be read from it.
      watch(timer, Self.timerToken, EPOLLIN.rawValue | EPOLLET.rawValue),
      watch(calendar, Self.calendarToken), watchCalendar(), policy == .none || watch(signals, Self.signalToken),
      !usesLines
        || inotify_add_watch(chipWatch, "/dev", UInt32(IN_DELETE)) >= 0 && watch(chipWatch, Self.chipToken),
      !waits
        || inotify_add_watch(deviceWatch, "/dev", UInt32(IN_CREATE | IN_ATTRIB | IN_MOVED_TO)) >= 0
          && watch(deviceWatch, Self.deviceToken)
    else { throw .inputOutput }
    for (index, port) in ports.enumerated() { open(port, at: index) }
    for (index, line) in lines.enumerated() { openLine(line, at: index) }
  }

  deinit {
    for index in 0..<portCount { (slots + index).deinitialize(count: 1) }
    slots.deallocate()
    for index in 0..<lineCount { (lineSlots + index).deinitialize(count: 1) }
    lineSlots.deallocate()
    for descriptor in [epoll, timer, calendar, signals, chipWatch, deviceWatch] where descriptor >= 0 {
      Glibc.close(descriptor)
    }
  }

  func watch(_ descriptor: Int32, _ token: UInt32, _ events: UInt32 = EPOLLIN.rawValue) -> Bool {
    etalon_epoll_control(epoll, EPOLL_CTL_ADD, descriptor, events, token) == 0
  }

  /// Asks to be told when the calendar clock is stepped (timerfd_create(2), TFD_TIMER_CANCEL_ON_SET).
  private func watchCalendar() -> Bool {
    var setting = itimerspec()
    // In the year 2255: within the kernel's 64 bits of nanoseconds, and never reached.
    setting.it_value.tv_sec = 9_000_000_000
    return timerfd_settime(calendar, Int32(TFD_TIMER_ABSTIME) | etalon_timer_cancel_on_set, &setting, nil) == 0
  }

  private mutating func open(_ port: LinuxPortSpecification, at index: Int) {
    do throws(PortFault) {
      switch port {
      case .port(let address, let settings, let reconnect):
        slots[index].reconnect = PortSlot.Reconnect(address: address, settings: settings, nanoseconds: reconnect)
        try slots[index].open(address, settings: settings, ports: PortList())
      case .pseudoTerminal(let link):
        slots[index].pseudo = try PseudoTerminal(link: link)
      case .lines(let port, let specifications):
        do throws(GPIOFault) {
          slots[index].lines = try LineConnection(port, specifications, consumer: consumer)
        } catch {
          portLineFaults[PortIndex(index)] = error
          throw error.portFault
        }
        inject(.opened(PortIndex(index)))
        return
      }
      guard watch(slots[index].descriptor, UInt32(index)) else { throw .inputOutput }
      inject(.opened(PortIndex(index)))
    } catch {
      slots[index].drop()
      inject(.lost(PortIndex(index), error))
    }
  }

  /// `CLOCK_MONOTONIC`.
  public var kind: TimebaseKind { .monotonic }

  /// The present instant.
  public func now() -> Instant { LinuxClock.now() }

  /// The path of the slave side of the pseudo-terminal at `index`; nil for another kind of port.
  public func slavePath(of index: PortIndex) -> String? {
    guard Int(index) < portCount else { return nil }
    switch slots[Int(index)].pseudo {
    case .some(let port): return port.slavePath
    case .none: return nil
    }
  }

  /// The baud rate that the client of the pseudo-terminal at `index` set; nil for another kind of port or rate.
  public func clientBaud(of index: PortIndex) -> Int? {
    guard Int(index) < portCount else { return nil }
    switch slots[Int(index)].pseudo {
    case .some(let port): return port.clientBaud
    case .none: return nil
    }
  }

  /// Adds an input at the present instant, behind those that are waiting.
  public mutating func inject(_ input: Input) { inject(input, at: LinuxClock.now()) }

  mutating func inject(_ input: Input, at instant: Instant) {
    latest = max(latest, instant)
    pending.append(TimedInput(input, at: latest))
  }

  /// The next input, in the order in which the kernel reported them; `.wake` once `deadline` has come and all that had
  /// arrived by then has been given out.
  public mutating func nextInput(until deadline: Instant?) -> TimedInput {
    while true {
      if pendingStart < pending.count {
        let next = pending[pendingStart]
        pendingStart += 1
        if pendingStart == pending.count {
          pending.removeAll(keepingCapacity: true)
          pendingStart = 0
        }
        return next
      }
      if let input = check?() {
        check = nil
        inject(input)
        continue
      }
      if let deadline, swept >= deadline {
        latest = max(latest, LinuxClock.now())
        // The ports have their turn before the next wake, also if the deadline stays in the past.
        swept = Instant(nanoseconds: Int64.min)
        return TimedInput(.wake, at: latest)
      }
      wait(until: deadline)
      if let deadline, swept >= deadline, pendingStart == pending.count {
        // Nothing else happened, so this is the instant of waking.
        latest = max(latest, swept)
        swept = Instant(nanoseconds: Int64.min)
        return TimedInput(.wake, at: latest)
      }
    }
  }

  /// Waits for the next event and puts all that has happened into `pending`.
  private mutating func wait(until deadline: Instant?) {
    var milliseconds: Int32 = check == nil ? -1 : Self.checkMilliseconds
    var deadline = deadline
    if deadMan != nil {
      beat(at: LinuxClock.now())
      // A loop that turned too late has an input now.
      guard pendingStart == pending.count else { return }
      if let next = deadMan?.heartbeat.nextBeat { deadline = deadline.map { min($0, next) } ?? next }
    }
    if let settling = nextSettling { deadline = deadline.map { min($0, settling) } ?? settling }
    if awayCount > 0 { milliseconds = Self.sooner(milliseconds, awayMilliseconds()) }
    var spins = false
    var exactly: Instant?
    if let deadline {
      let early = deadline + -spinNanoseconds
      let now = LinuxClock.now()
      if early <= now {
        milliseconds = 0
        spins = spinNanoseconds > 0
      } else if isRealTime {
        exactly = milliseconds < 0 ? early : min(early, now + Int64(milliseconds) * 1_000_000)
        arm(nil)
      } else {
        arm(early)
      }
    } else {
      arm(nil)
    }
    var tokens: InlineArray<64, UInt32> = InlineArray(repeating: 0)
    var events: InlineArray<64, UInt32> = InlineArray(repeating: 0)
    let count = withUnsafeMutableBytes(of: &tokens) { tokens in
      withUnsafeMutableBytes(of: &events) { events in
        let tokens = tokens.baseAddress!.assumingMemoryBound(to: UInt32.self)
        let events = events.baseAddress!.assumingMemoryBound(to: UInt32.self)
        return if let exactly {
          etalon_epoll_wait_exactly(epoll, tokens, events, 64, exactly.nanoseconds)
        } else {
          etalon_epoll_wait(epoll, tokens, events, 64, milliseconds)
        }
      }
    }
    guard count >= 0 else {
      // A kernel before 5.11 has the way over the timer only, and the filter of a container may refuse this call.
      if exactly != nil, errno != EINTR { isRealTime = false }
      return
    }
    swept = LinuxClock.now()
    if let deadline, spins, count == 0 {
      while swept < deadline {
        etalon_pause()
        swept = LinuxClock.now()
      }
    }
    var isNoticed = false
    for index in 0..<Int(count) {
      switch tokens[index] {
      case Self.timerToken: armed = nil
      case Self.calendarToken: takeCalendarStep()
      case Self.signalToken:
        takeSignals()
      case Self.chipToken:
        checkLines()
      case Self.lineToken...:
        serveLine(Int(tokens[index] & 0xFF), events: events[index])
      case Self.deviceToken:
        isNoticed = etalon_notices_take(deviceWatch) != 0
      default:
        serve(Int(tokens[index]), events: events[index], at: swept)
      }
    }
    settleLines(at: swept)
    if awayCount > 0 { findAgain(isNoticed: isNoticed, at: swept) }
  }

  /// The shorter of two times to wait, where a negative one means for ever.
  private static func sooner(_ one: Int32, _ other: Int32) -> Int32 { one < 0 ? other : min(one, other) }

  /// Sets the timer if the deadline is another one than before.
  private mutating func arm(_ deadline: Instant?) {
    guard deadline != armed else { return }
    var setting = itimerspec()
    if let deadline {
      setting.it_value.tv_sec = Int(deadline.nanoseconds / 1_000_000_000)
      setting.it_value.tv_nsec = Int(deadline.nanoseconds % 1_000_000_000)
    }
    // All zeros stop the timer; a deadline in the future is never zero.
    let result = timerfd_settime(timer, Int32(TFD_TIMER_ABSTIME), &setting, nil)
    precondition(result == 0, "an instant after the present one is a valid time")
    armed = deadline
  }

  private mutating func takeCalendarStep() {
    var expirations: UInt64 = 0
    let result = Glibc.read(calendar, &expirations, 8)
    let wasStepped = result < 0 && errno == ECANCELED
    let isWatched = watchCalendar()
    precondition(isWatched, "the calendar's last day is a valid time")
    guard wasStepped else { return }
    let mapping = LinuxClock.mapping()
    inject(.clockStepped(utcNanoseconds: mapping.utcNanoseconds), at: mapping.instant)
  }

  private mutating func takeSignals() {
    var information = signalfd_siginfo()
    while withUnsafeMutableBytes(of: &information, { Glibc.read(signals, $0.baseAddress!, $0.count) }) > 0 {
      stopRequests += 1
      let asksNow =
        policy == .immediate || stopRequests > 1 || information.ssi_signo == UInt32(bitPattern: SIGHUP)
      inject(.stop(asksNow ? .now : .atCheckpoint))
    }
  }

  private mutating func serve(_ index: Int, events: UInt32, at first: Instant) {
    do throws(PortFault) {
      if events & EPOLLOUT.rawValue != 0 {
        try slots[index].flush()
        watchRoom(index)
      }
      let broken = EPOLLHUP.rawValue | EPOLLERR.rawValue
      guard events & (EPOLLIN.rawValue | broken) != 0 else { return }
      // A frame that the receiver had doubts about is told as such before its bytes.
      let errors = slots[index].takeLineErrors()
      if !errors.isEmpty { inject(.lineErrors(PortIndex(index), errors)) }
      for _ in 0..<Self.framesPerTurn {
        let frame = try slots[index].read()
        if frame.isEmpty {
          // The end is reported when all that came before it has been read.
          if events & broken != 0 { throw slots[index].endFault }
          return
        }
        inject(.bytes(PortIndex(index), frame, first: max(first, latest)), at: LinuxClock.now())
        if !frame.isFull && events & broken == 0 { return }
      }
    } catch {
      lose(index, error)
    }
  }

  mutating func lose(_ index: Int, _ fault: PortFault) {
    if fault == .vanished, slots[index].leave(at: LinuxClock.now()) {
      awayCount += 1
      inject(.interrupted(PortIndex(index), fault))
      return
    }
    // Closing the descriptor takes it out of the epoll; nothing of a lost port is reported again.
    slots[index].drop()
    inject(.lost(PortIndex(index), fault))
  }

  /// A device on lines answers while it is spoken to.
  private mutating func exchange(_ frame: Frame, over port: Int) throws(PortFault) {
    let first = LinuxClock.now()
    do throws(GPIOFault) {
      let reply = try slots[port].lines!.exchange(frame, pause: linePause)
      if !reply.isEmpty { inject(.bytes(PortIndex(port), reply, first: max(first, latest))) }
    } catch {
      portLineFaults[PortIndex(port)] = error
      throw error.portFault
    }
  }

  /// Asks every device on lines whether its chip is still there.
  mutating func checkLinePorts() {
    for index in 0..<portCount where slots[index].lines != nil {
      do throws(GPIOFault) { try slots[index].lines!.check() } catch {
        portLineFaults[PortIndex(index)] = error
        lose(index, error.portFault)
      }
    }
  }

  /// Asks for a report when the port takes bytes again, or no longer.
  private mutating func watchRoom(_ index: Int) {
    let isBlocked = slots[index].isBlocked
    guard isBlocked != slots[index].waitsForRoom else { return }
    let events = EPOLLIN.rawValue | (isBlocked ? EPOLLOUT.rawValue : 0)
    let result = etalon_epoll_control(epoll, EPOLL_CTL_MOD, slots[index].descriptor, events, UInt32(index))
    precondition(result == 0, "an open port is in the epoll")
    slots[index].waitsForRoom = isBlocked
  }

  /// Performs an action. A port that fails is reported by one `.lost`; what is sent to a port after that is dropped
  /// without another report. Bytes that a port has not taken when it is closed are dropped.
  public mutating func perform(_ action: Action) {
    switch action {
    case .send(let port, let frame, _):
      precondition(Int(port) < portCount, "no such port")
      do throws(PortFault) {
        if slots[Int(port)].lines != nil {
          try exchange(frame, over: Int(port))
        } else {
          try slots[Int(port)].write(frame)
          watchRoom(Int(port))
        }
      } catch {
        lose(Int(port), error)
      }
    case .modem(let port, let change):
      precondition(Int(port) < portCount, "no such port")
      do throws(PortFault) { try slots[Int(port)].change(change) } catch { lose(Int(port), error) }
    case .close(let port):
      precondition(Int(port) < portCount, "no such port")
      if slots[Int(port)].away != nil { awayCount -= 1 }
      slots[Int(port)].drop()
    case .set(let line, let active):
      set(line, active)
    case .window:
      // Only a simulated world knows the truth of a window.
      break
    }
  }
}
