import ArgumentParser
import EtalonLinux
import EtalonMetrology

/// What a run asks of the kernel so that its loop is woken on time.
struct RealTimeArguments: ParsableArguments {
  @Option(
    name: .customLong("realtime"),
    help: ArgumentHelp(
      "Run the loop under SCHED_FIFO with this priority (1 to 99), memory locked, processors kept awake.",
      discussion: "Without the privilege the run goes on, and says what it lacks and how to grant it.",
      valueName: "priority"))
  var priority: Int?

  @Option(name: .long, help: ArgumentHelp("Bind the loop to this processor, counted from 0.", valueName: "number"))
  var processor: Int?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Wake so long before each deadline and spin until it, for example \"80 us\"; it costs that share of a processor.",
      valueName: "time"))
  var spin: String?

  /// Whether any of it was asked for.
  var isAsked: Bool { priority != nil || processor != nil || spin != nil }

  var request: RealTimeRequest {
    guard let priority else { return RealTimeRequest(processor: processor) }
    return .usual(priority: priority, processor: processor)
  }

  /// Longest spin: a loop that spins for longer would starve everything else.
  static let longestSpinNanoseconds: Int64 = 1_000_000

  func validate() throws {
    if let priority, !(1...99).contains(priority) {
      throw ValidationError("--realtime takes a priority from 1 to 99, not \(priority)")
    }
    if let processor, processor < 0 { throw ValidationError("--processor counts from 0, not \(processor)") }
    _ = try spinNanoseconds()
  }

  func spinNanoseconds() throws -> Int64 {
    guard let spin else { return 0 }
    let seconds: Double
    do throws(QuantityFault) {
      seconds = try Quantity.parse(spin).value(in: .second)
    } catch {
      throw ValidationError("--spin takes a time such as \"80 us\", not '\(spin)': \(error.description)")
    }
    let nanoseconds = (seconds * 1e9).rounded()
    guard nanoseconds >= 0, nanoseconds <= Double(Self.longestSpinNanoseconds) else {
      throw ValidationError("--spin takes 0 to 1 ms, not '\(spin)'")
    }
    return Int64(nanoseconds)
  }
}
