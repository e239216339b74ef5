import EtalonCore
import Glibc
import Synchronization

/// Ctrl-C during a simulated run: once to stop at the next checkpoint, twice to stop now.
enum Interrupts {
  private static let count = Atomic<Int>(0)
  private static let taken = Atomic<Int>(0)

  static func install() {
    signal(SIGINT) { _ in Interrupts.count.wrappingAdd(1, ordering: .relaxed) }
    signal(SIGTERM) { _ in Interrupts.count.wrappingAdd(2, ordering: .relaxed) }
  }

  /// The next request that was not yet handed on.
  static func next() -> StopRequest? {
    let seen = count.load(ordering: .relaxed)
    let done = taken.load(ordering: .relaxed)
    guard seen > done else { return nil }
    taken.store(done + 1, ordering: .relaxed)
    return done == 0 && seen == 1 ? .atCheckpoint : .now
  }
}
