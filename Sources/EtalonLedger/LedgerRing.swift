import Synchronization

/// A ring of bytes between the loop, which puts frames in, and the recorder, which takes them out: one producer, one
/// consumer, no lock.
///
/// Positions count bytes from the start of the run and never wrap. A frame is contiguous: where it does not fit before
/// the end of the buffer, the rest of the lap is skipped, marked by a length of FFFFFFFF if there is room for a mark.
/// Words that different threads write are 128 bytes apart, because pairs of 64-byte cache lines are fetched together.
final class LedgerRing: @unchecked Sendable {
  /// A length that no frame has: the rest of the lap is unused.
  static let skipMark = UInt32.max

  let capacity: Int
  let base: UnsafeMutableRawPointer
  private let words: UnsafeMutableRawPointer

  /// End of the published frames; written by the producer.
  let head: UnsafeMutablePointer<Atomic<Int>>
  /// Start of the frames not yet taken; written by the recorder.
  let tail: UnsafeMutablePointer<Atomic<Int>>
  /// The head at which the producer has to wake the recorder; `Int.max` while the recorder is awake.
  let wakeAt: UnsafeMutablePointer<Atomic<Int>>
  /// Requests to the recorder: `flushRequest`, `stopRequest`.
  let request: UnsafeMutablePointer<Atomic<Int>>
  /// Number of records on stable storage; written by the recorder.
  let acknowledged: UnsafeMutablePointer<Atomic<Int>>
  /// Error number that ended the recording; 0 while all is well.
  let failure: UnsafeMutablePointer<Atomic<Int>>

  static let flushRequest = 1
  static let stopRequest = 2

  /// A ring of `capacity` bytes, a power of two of at least twice the greatest frame.
  init(capacity: Int) {
    precondition(
      capacity & (capacity - 1) == 0 && capacity >= 2 * (LedgerFormat.maximumPayloadBytes + LedgerFormat.overheadBytes),
      "the capacity is a power of two and holds two of the greatest frames")
    self.capacity = capacity
    base = .allocate(byteCount: capacity, alignment: 4096)
    let words = UnsafeMutableRawPointer.allocate(byteCount: 6 * 128, alignment: 128)
    self.words = words
    func word(_ index: Int, _ value: Int) -> UnsafeMutablePointer<Atomic<Int>> {
      let pointer = (words + 128 * index).bindMemory(to: Atomic<Int>.self, capacity: 1)
      pointer.initialize(to: Atomic(value))
      return pointer
    }
    head = word(0, 0)
    tail = word(1, 0)
    wakeAt = word(2, Int.max)
    request = word(3, 0)
    acknowledged = word(4, 0)
    failure = word(5, 0)
  }

  deinit {
    base.deallocate()
    words.deallocate()
  }
}
