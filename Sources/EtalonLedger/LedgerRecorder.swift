import Crypto
import Glibc

/// The thread that takes frames out of the ring, completes their checksums, hashes them, writes them in large pieces
/// and makes them stable.
///
/// Records are made stable in groups: `fdatasync` is called at the earliest 50 ms after the first record that it covers,
/// or at once on request. Only then are the records acknowledged. After the first error nothing is written or
/// acknowledged any more, because after a failed `fdatasync` the kernel may have dropped the pages; the frames that
/// follow are taken out of the ring and dropped, so that the loop can go on to its safe state.
final class LedgerRecorder: @unchecked Sendable {
  static let groupNanoseconds: Int64 = 50_000_000
  /// The most bytes of one `write`; the ring is freed piece by piece while the loop fills it again.
  private static let pieceBytes = 256 * 1024

  let ring: LedgerRing
  private let descriptor: Int32
  /// The pipe that wakes the recorder.
  private let wakeReader: Int32
  private let wakeWriter: Int32
  /// Posted once for each request served.
  private let served: UnsafeMutablePointer<sem_t>
  private var thread = pthread_t()

  // Used by the recorder's thread only, and after its end by the one that joined it.
  private var hash = SHA256()
  private var written = 0
  private var position = 0

  /// Starts the thread; it owns `descriptor` from now on. `path` is for faults only.
  init(ring: LedgerRing, descriptor: Int32, path: String) throws(LedgerFault) {
    self.ring = ring
    self.descriptor = descriptor
    var ends: (Int32, Int32) = (-1, -1)
    let piped = withUnsafeMutableBytes(of: &ends) { pipe($0.baseAddress!.assumingMemoryBound(to: Int32.self)) }
    guard piped == 0 else {
      let code = errno
      Glibc.close(descriptor)
      throw LedgerFault(code: code, path: path)
    }
    for end in [ends.0, ends.1] {
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
    }
    (wakeReader, wakeWriter) = ends
    served = .allocate(capacity: 1)
    sem_init(served, 0, 0)
    // The thread inherits a mask that blocks every signal: signals belong to the loop. This also turns the signal that
    // goes with a file-size limit into a plain error number.
    var all = sigset_t()
    var before = sigset_t()
    sigfillset(&all)
    pthread_sigmask(SIG_SETMASK, &all, &before)
    let code = pthread_create(
      &thread, nil,
      { context in
        Unmanaged<LedgerRecorder>.fromOpaque(context!).takeRetainedValue().run()
        return nil
      }, Unmanaged.passRetained(self).toOpaque())
    pthread_sigmask(SIG_SETMASK, &before, nil)
    guard code == 0 else {
      Unmanaged.passUnretained(self).release()
      Glibc.close(descriptor)
      throw LedgerFault(code: code, path: path)
    }
  }

  deinit {
    Glibc.close(wakeReader)
    Glibc.close(wakeWriter)
    sem_destroy(served)
    served.deallocate()
  }

  /// Wakes the recorder. A full pipe means that it is being woken already.
  func wake() {
    var byte: UInt8 = 0
    _ = Glibc.write(wakeWriter, &byte, 1)
  }

  /// Asks for `request` and waits until it is served.
  func ask(_ request: Int) {
    ring.request.pointee.bitwiseOr(request, ordering: .sequentiallyConsistent)
    wake()
    while sem_wait(served) != 0 {}
  }

  /// Stops the thread after all published frames are stable; the number of records written and their digest.
  func stop() -> (records: Int, digest: String) {
    ask(LedgerRing.stopRequest)
    pthread_join(thread, nil)
    return (written, hexadecimal(hash.finalize()))
  }

  private func run() {
    var unsyncedSince: Int64?
    while true {
      let request = ring.request.pointee.exchange(0, ordering: .sequentiallyConsistent)
      if drain() && unsyncedSince == nil { unsyncedSince = Self.now() }
      if let since = unsyncedSince, request != 0 || Self.now() - since >= Self.groupNanoseconds {
        synchronise()
        unsyncedSince = nil
      }
      if request & LedgerRing.stopRequest != 0 {
        if fsync(descriptor) != 0 { fail(errno) }
        if Glibc.close(descriptor) != 0 { fail(errno) }
        sem_post(served)
        return
      }
      if request != 0 { sem_post(served) }
      if let since = unsyncedSince {
        sleep(until: since + Self.groupNanoseconds, wakeAt: position + ring.capacity / 4)
      } else {
        sleep(until: nil, wakeAt: position + 1)
      }
    }
  }

  /// Takes all published frames; whether there were any.
  private func drain() -> Bool {
    let head = ring.head.pointee.load(ordering: .acquiring)
    guard position < head else { return false }
    while position < head {
      let start = position & (ring.capacity - 1)
      var end = start
      var frames = 0
      // A lap ends at the end of the buffer or at a skip mark.
      var lapEnds = false
      while position < head && end - start < Self.pieceBytes {
        let room = ring.capacity - end
        guard room >= 4 else {
          lapEnds = true
          break
        }
        let length = UInt32(littleEndian: ring.base.loadUnaligned(fromByteOffset: end, as: UInt32.self))
        guard length != LedgerRing.skipMark else {
          lapEnds = true
          break
        }
        LedgerFormat.seal(payloadBytes: Int(length), at: ring.base + end)
        let bytes = Int(length) + LedgerFormat.overheadBytes
        end += bytes
        position += bytes
        frames += 1
      }
      if lapEnds { position += ring.capacity - end }
      if frames > 0 { put(UnsafeRawBufferPointer(start: ring.base + start, count: end - start), frames: frames) }
      ring.tail.pointee.store(position, ordering: .releasing)
    }
    return true
  }

  private func put(_ bytes: UnsafeRawBufferPointer, frames: Int) {
    guard ring.failure.pointee.load(ordering: .relaxed) == 0 else { return }
    var done = 0
    while done < bytes.count {
      let count = Glibc.write(descriptor, bytes.baseAddress! + done, bytes.count - done)
      if count > 0 {
        done += count
      } else if count < 0 && errno != EINTR {
        return fail(errno)
      }
    }
    hash.update(bufferPointer: bytes)
    written += frames
  }

  private func synchronise() {
    guard ring.failure.pointee.load(ordering: .relaxed) == 0 else { return }
    while fdatasync(descriptor) != 0 {
      if errno != EINTR { return fail(errno) }
    }
    ring.acknowledged.pointee.store(written, ordering: .releasing)
  }

  /// Publishes the first error.
  private func fail(_ code: Int32) {
    _ = ring.failure.pointee.compareExchange(expected: 0, desired: Int(code), ordering: .sequentiallyConsistent)
  }

  /// Sleeps until woken or until `deadline`.
  ///
  /// The producer publishes the head and then looks at `wakeAt`; the recorder sets `wakeAt` and then looks at the head.
  /// Both in one total order, so that one of the two sees the other.
  private func sleep(until deadline: Int64?, wakeAt: Int) {
    ring.wakeAt.pointee.store(wakeAt, ordering: .sequentiallyConsistent)
    if ring.head.pointee.load(ordering: .sequentiallyConsistent) < wakeAt {
      var milliseconds: Int32 = -1
      if let deadline { milliseconds = Int32(clamping: max(0, (deadline - Self.now() + 999_999) / 1_000_000)) }
      var descriptor = pollfd(fd: wakeReader, events: Int16(POLLIN), revents: 0)
      if poll(&descriptor, 1, milliseconds) > 0 {
        var scratch: UInt64 = 0
        while Glibc.read(wakeReader, &scratch, 8) > 0 {}
      }
    }
    ring.wakeAt.pointee.store(Int.max, ordering: .sequentiallyConsistent)
  }

  private static func now() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}
