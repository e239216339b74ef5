import Dispatch

/// Values of one measurand in the order of the trials, where several threads may write different parts at once.
final class SampleStorage {
  private(set) var base: UnsafeMutablePointer<Double>
  private(set) var count = 0
  private var capacity: Int

  init() {
    capacity = 0
    base = .allocate(capacity: 1)
  }

  deinit { base.deallocate() }

  /// Makes room for so many further values and returns where they begin; they are to be written before they are read.
  func extend(by further: Int) -> UnsafeMutablePointer<Double> {
    if count + further > capacity {
      capacity = max(count + further, 2 * capacity)
      let larger = UnsafeMutablePointer<Double>.allocate(capacity: capacity)
      larger.moveInitialize(from: base, count: count)
      base.deallocate()
      base = larger
    }
    defer { count += further }
    return base + count
  }

  func removeLast(_ number: Int) { count -= number }

  var values: UnsafeBufferPointer<Double> { UnsafeBufferPointer(start: base, count: count) }
}

/// Divides work among threads.
enum Parallel {
  /// Runs `body` for parts 0 ..< count, on several threads where that is asked for.
  static func run(_ count: Int, threads: Int, _ body: @Sendable (Int) -> Void) {
    if threads <= 1 || count <= 1 {
      for part in 0..<count { body(part) }
    } else {
      DispatchQueue.concurrentPerform(iterations: count, execute: body)
    }
  }
}

/// Memory that each thread touches only in its own part.
struct SharedParts<Element>: @unchecked Sendable {
  let base: UnsafeMutablePointer<Element>
  let count: Int

  init(count: Int, repeating value: Element) {
    self.count = count
    base = .allocate(capacity: count)
    base.initialize(repeating: value, count: count)
  }

  func deallocate() { base.deinitialize(count: count).deallocate() }
}

/// A sample that several threads only read.
struct SharedSample: @unchecked Sendable {
  let values: UnsafeBufferPointer<Double>
}
