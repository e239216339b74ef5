import CEtalonLinux
import Glibc

/// What a loop asks of the kernel so that it is woken on time.
public struct RealTimeRequest: Sendable, Equatable {
  /// Priority under `SCHED_FIFO`, 1...99; nil leaves the normal scheduler.
  public var priority: Int?
  /// The processor that the loop is bound to; nil lets the kernel choose.
  public var processor: Int?
  /// Whether all memory is kept in place, so that no wake-up waits for a page.
  public var locksMemory: Bool
  /// Largest wake-up latency that the processors' sleep states may cost, in microseconds; nil asks for nothing.
  public var latencyMicroseconds: Int32?

  /// A request of its parts; without arguments nothing is asked for.
  public init(
    priority: Int? = nil, processor: Int? = nil, locksMemory: Bool = false, latencyMicroseconds: Int32? = nil
  ) {
    self.priority = priority
    self.processor = processor
    self.locksMemory = locksMemory
    self.latencyMicroseconds = latencyMicroseconds
  }

  /// What `cyclictest` asks for by itself: the priority, memory in place, no deep sleep of the processors.
  public static func usual(priority: Int, processor: Int? = nil) -> RealTimeRequest {
    RealTimeRequest(priority: priority, processor: processor, locksMemory: true, latencyMicroseconds: 0)
  }
}

/// Something that was asked for and not granted. A run goes on without it and says so.
public struct RealTimeLack: Sendable, Equatable {
  /// The parts of a request.
  public enum Part: String, Sendable, CaseIterable {
    case priority, processor
    case lockedMemory = "locked memory"
    case latency = "processor latency"
  }

  /// What was not granted.
  public var part: Part
  /// The kernel's error number.
  public var code: Int32

  /// A lack of its parts.
  public init(part: Part, code: Int32) {
    self.part = part
    self.code = code
  }

  /// What is missing, why, and the command that grants it.
  public var explanation: String {
    let reason = String(cString: strerror(code))
    return switch part {
    case .priority:
      "no real-time priority (\(reason)); grant it with: echo '@realtime - rtprio 80' | sudo tee "
        + "/etc/security/limits.d/80-etalon.conf && sudo groupadd -f realtime && sudo usermod -aG realtime $USER, "
        + "then log in again"
    case .lockedMemory:
      "memory can be moved out (\(reason)); grant it with: echo '@realtime - memlock unlimited' | sudo tee "
        + "-a /etc/security/limits.d/80-etalon.conf, then log in again"
    case .processor:
      "the loop is not bound to the processor (\(reason)); 'nproc' tells how many there are, counted from 0"
    case .latency:
      "processors may sleep deeply (\(reason)); grant it with: sudo chgrp realtime /dev/cpu_dma_latency && "
        + "sudo chmod g+w /dev/cpu_dma_latency"
    }
  }
}

/// Real time for the calling thread, from its making to its end. What was not granted is listed; what was is given back.
///
/// Threads that are started meanwhile are not real-time threads: the recorder must not keep the loop from its turn.
public struct RealTime: ~Copyable {
  /// What was asked for and not granted, in the order of asking.
  public let lacks: [RealTimeLack]
  private let latency: Int32
  /// Whether the thread is under SCHED_FIFO.
  public let hasPriority: Bool
  private let hasLockedMemory: Bool

  /// Bytes of the stack that are touched beforehand: far more than the loop's deepest call needs.
  static let stackBytes = 256 << 10

  /// Asks for everything in `request`; what is not granted is no error.
  public init(_ request: RealTimeRequest) {
    var lacks: [RealTimeLack] = []
    func ask(_ part: RealTimeLack.Part, _ code: Int32) -> Bool {
      if code != 0 { lacks.append(RealTimeLack(part: part, code: code)) }
      return code == 0
    }
    var descriptor: Int32 = -1
    if let microseconds = request.latencyMicroseconds {
      descriptor = etalon_hold_latency(microseconds)
      _ = ask(.latency, descriptor < 0 ? errno : 0)
    }
    latency = descriptor
    if request.locksMemory {
      hasLockedMemory = ask(.lockedMemory, etalon_lock_memory())
      etalon_touch_stack(Self.stackBytes)
    } else {
      hasLockedMemory = false
    }
    if let processor = request.processor {
      _ = ask(.processor, etalon_bind_to_processor(Int32(clamping: processor)))
    }
    if let priority = request.priority {
      hasPriority = ask(.priority, etalon_schedule_fifo(Int32(clamping: priority)))
    } else {
      hasPriority = false
    }
    self.lacks = lacks
  }

  deinit {
    if hasPriority {
      let code = etalon_schedule_normal()
      precondition(code == 0, "a thread may always leave real time")
    }
    if hasLockedMemory { etalon_unlock_memory() }
    if latency >= 0 { close(latency) }
  }
}
