/// Coming events of a simulation in order of time; events of one instant keep the order in which they were put in.
struct EventQueue<Event> {
  struct Entry {
    var nanoseconds: Int64
    var sequence: UInt64
    var event: Event

    func precedes(_ other: Entry) -> Bool {
      nanoseconds != other.nanoseconds ? nanoseconds < other.nanoseconds : sequence < other.sequence
    }
  }

  private var heap: [Entry] = []
  private var sequence: UInt64 = 0

  init() { heap.reserveCapacity(64) }

  var nextNanoseconds: Int64 { heap.isEmpty ? .max : heap[0].nanoseconds }

  mutating func push(_ event: Event, at nanoseconds: Int64) {
    heap.append(Entry(nanoseconds: nanoseconds, sequence: sequence, event: event))
    sequence += 1
    var child = heap.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard heap[child].precedes(heap[parent]) else { break }
      heap.swapAt(child, parent)
      child = parent
    }
  }

  mutating func pop() -> Entry? {
    guard !heap.isEmpty else { return nil }
    heap.swapAt(0, heap.count - 1)
    let entry = heap.removeLast()
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && heap[child].precedes(heap[least]) {
        least = child
      }
      guard least != parent else { break }
      heap.swapAt(parent, least)
      parent = least
    }
    return entry
  }

  /// Takes out all events that `belongs` says, in order.
  mutating func remove(where belongs: (Event) -> Bool) -> [Entry] {
    let taken = heap.filter { belongs($0.event) }.sorted { $0.precedes($1) }
    let rest = heap.filter { !belongs($0.event) }.sorted { $0.precedes($1) }
    // A sorted array is a heap.
    heap.removeAll(keepingCapacity: true)
    heap.append(contentsOf: rest)
    return taken
  }
}
