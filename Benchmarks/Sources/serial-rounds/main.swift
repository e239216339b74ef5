// Serial round trips: the world of Etalon against a minimal C program, in alternating rounds of one run; the processor's
// time in a Modbus transaction; and one loop over 64 ports. Prints JSON; `scripts/bench-serial` judges it.
import CSerialRounds
import EtalonCore
import EtalonLinux
import Glibc

/// Modbus over serial line V1.02, 2.5.1: reading two registers asks with 8 bytes and answers with 9.
let requestBytes = 8
let replyBytes = 9
let portCounts = [1, 8, 64]

func stop(_ reason: String) -> Never {
  let text = Array("serial-rounds: \(reason)\n".utf8)
  write(STDERR_FILENO, text, text.count)
  exit(70)
}

func processorNanoseconds() -> Int64 {
  var time = timespec()
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
  return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}

func median(_ values: [Double]) -> Double {
  let sorted = values.sorted()
  return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
}

let request = {
  var frame = Frame()
  for _ in 0..<requestBytes { frame.append(0x71) }
  return frame
}()

/// Nanoseconds and processor's nanoseconds for each round trip, all ports asked at once in each round.
func measure(_ world: inout LinuxWorld, ports: Int, rounds: Int) -> (wall: Double, processor: Double) {
  let processor = processorNanoseconds()
  let begun = world.now()
  for _ in 0..<rounds {
    for port in 0..<ports { world.perform(.send(PortIndex(port), request, confidential: false)) }
    let deadline = world.now() + 1_000_000_000
    var missing = ports * replyBytes
    while missing > 0 {
      guard case .bytes(_, let frame, _) = world.nextInput(until: deadline).input else { stop("no reply") }
      missing -= frame.count
    }
  }
  let trips = Double(rounds * ports)
  return (Double(world.now() - begun) / trips, Double(processorNanoseconds() - processor) / trips)
}

// The device is a process of its own: this program again, with the masters handed down.
if CommandLine.arguments.count > 2, CommandLine.arguments[2] == "answer" {
  let inherited = CommandLine.arguments.dropFirst(3).compactMap { Int32($0) }
  serial_rounds_answer(inherited, Int32(inherited.count), Int32(requestBytes), Int32(replyBytes))
  exit(0)
}

let rounds = CommandLine.arguments.count > 1 ? Int(CommandLine.arguments[1]) ?? 0 : 4000
guard rounds >= 100 else { stop("usage: serial-rounds [ROUNDS >= 100]") }
var masters: [Int32] = []
var paths: [String] = []
for _ in 0..<portCounts.max()! {
  var name = [CChar](repeating: 0, count: 64)
  masters.append(serial_rounds_open(&name, 64))
  guard masters.last! >= 0 else { stop("no pseudo-terminal") }
  paths.append(name.withUnsafeBufferPointer { String(cString: $0.baseAddress!) })
}

var child = pid_t()
let words = [CommandLine.arguments[0], "100", "answer"] + masters.map { String($0) }
var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
arguments.append(nil)
guard posix_spawn(&child, "/proc/self/exe", nil, nil, &arguments, environ) == 0 else { stop("no second process") }
defer { kill(child, SIGKILL) }

var ratios: [Double] = []
var minimal: [Double] = []
var own: [Double] = []
var processor: [Double] = []
let settings = SerialSettings(baud: 115_200)
do {
  for _ in 0..<9 {
    let bare = serial_rounds_minimal(paths[0], Int32(rounds), Int32(requestBytes), Int32(replyBytes))
    guard bare > 0 else { stop("the minimal program fails") }
    var world = try LinuxWorld(ports: [.serial(path: paths[0], settings: settings)], signals: .none)
    guard case .opened = world.nextInput(until: nil).input else { stop("the port does not open") }
    let mine = measure(&world, ports: 1, rounds: rounds)
    minimal.append(Double(bare) / Double(rounds))
    own.append(mine.wall)
    processor.append(mine.processor)
    ratios.append(mine.wall / minimal.last!)
  }
  var perPort: [String] = []
  var costs: [[Double]] = portCounts.map { _ in [] }
  for _ in 0..<5 {
    for (place, count) in portCounts.enumerated() {
      var world = try LinuxWorld(
        ports: paths.prefix(count).map { .serial(path: $0, settings: settings) }, signals: .none)
      for _ in 0..<count {
        guard case .opened = world.nextInput(until: nil).input else { stop("a port does not open") }
      }
      costs[place].append(measure(&world, ports: count, rounds: max(20, rounds / count)).processor)
    }
  }
  for (place, count) in portCounts.enumerated() { perPort.append("\"\(count)\": \(median(costs[place]))") }
  // Eleven bits for each byte: a start, eight data, a parity or second stop, and a stop bit (2.5.1).
  let wire = Double((requestBytes + replyBytes) * 11) / 115_200 * 1e9
  print(
    """
    {"round_trip_ns": \(median(own)), "minimal_ns": \(median(minimal)), "ratio": \(median(ratios)),
     "processor_ns": \(median(processor)), "modbus_wire_ns": \(wire), "software_share": \(median(processor) / wire),
     "processor_ns_per_round_trip_by_ports": {\(perPort.joined(separator: ", "))}}
    """)
} catch { stop("\(error)") }
