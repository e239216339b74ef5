import ArgumentParser
import EtalonCore
import EtalonLinux
import EtalonSession
import Foundation

struct ReadCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "read",
    abstract: "Show live readings of roles with their quality, without a session.",
    discussion: "Nothing is driven and nothing is recorded. Ctrl-C ends it.")

  @Argument(help: "The roles, as the bench file names them; all of them when none is named.")
  var roles: [String] = []

  @Option(name: .long, help: "The bench file.")
  var bench: String

  @Option(name: .long, help: "Number of readings of each role; without it until Ctrl-C.")
  var count: Int?

  @Option(name: .long, help: "Seconds between readings.")
  var period: Double = 1

  @Flag(name: .long, help: "Print one JSON object for each reading, on a line of its own.")
  var json = false

  func validate() throws {
    if let count, count < 1 { throw ValidationError("--count \(count) is below 1") }
    guard period >= 0.001, period <= 3600 else { throw ValidationError("--period \(period) is not 0.001 to 3600 s") }
  }

  func run() throws {
    let plan = try Fail.reporting { try BenchFile.load(path: bench) }
    var monitor = try Fail.reporting {
      try ReadingMonitor(roles: roles, bench: plan, periodSeconds: period, count: count)
    }
    let width = (roles.isEmpty ? plan.instruments.flatMap(\.roles) : roles).map(\.count).max() ?? 0
    LinuxWorld.blockSignals()
    var world: LinuxWorld
    do throws(PortFault) {
      world = try LinuxWorld(
        ports: monitor.devices.map { BenchPorts.specification($0, of: plan) }, signals: .immediate)
    } catch { throw Fail.with(error.exitCode, error.explanation) }
    let start = world.now()
    var outbox = Outbox()
    var isHeard = true
    while !monitor.isFinished, isHeard {
      let timed = world.nextInput(until: monitor.nextWake)
      outbox.clear()
      monitor.handle(timed.input, at: timed.instant, into: &outbox)
      for action in outbox.actions { world.perform(action) }
      for item in monitor.takeItems() {
        isHeard = show(item, seconds: item.instant.seconds(since: start), width) && isHeard
      }
    }
    for fault in BenchPorts.lineFaults(of: world, ports: monitor.devices.count, lines: 0) {
      Text.toStandardError("error: \(fault)\n")
    }
    if let failure = monitor.failure { throw Fail.with(failure) }
  }

  /// Prints one outcome; false when nobody reads standard output any more: readings for nobody would keep the ports from
  /// others.
  private func show(_ item: ReadingMonitor.Item, seconds: Double, _ width: Int) -> Bool {
    var object: [String: Any] = ["t": seconds, "role": item.role]
    let line: String
    switch item.outcome {
    case .identity(let identity):
      let text = String(decoding: Array(identity.text), as: UTF8.self)
      object["identity"] = text
      line = text
    case .reading(let reading):
      let quality = Self.names(reading.quality)
      object["value"] = reading.value.isFinite ? reading.value : NSNull()
      object["raw"] = reading.raw.isFinite ? reading.raw : NSNull()
      object["conversion"] = reading.conversion
      object["quality"] = quality
      line = "\(reading.value) °C" + (reading.raw.isFinite ? "  raw \(reading.raw)" : "") + "  \(quality)"
    case .environment(let environment):
      object["celsius"] = environment.celsius
      object["relative_humidity"] = environment.relativeHumidityPercent
      object["pascals"] = environment.pascals
      object["quality"] = "good"
      line =
        "\(environment.celsius) °C  \(environment.relativeHumidityPercent) %RH  \(environment.pascals) Pa  good"
    case .actuator(let state):
      object["on"] = state.isOn
      object["watts"] = state.watts
      object["dead_man"] = state.deadManSeconds
      object["tripped"] = state.tripped
      object["quality"] = "good"
      line =
        "\(state.isOn ? "on" : "off")  \(state.watts) W  dead-man \(state.deadManSeconds) s"
        + (state.tripped ? "  tripped" : "") + "  good"
    case .fault(let fault):
      object["fault"] = fault.kind
      object["quality"] = "missing"
      line = "no reading: \(fault.explanation)"
    }
    if json {
      do {
        print(
          String(decoding: try JSONSerialization.data(withJSONObject: object, options: [.sortedKeys]), as: UTF8.self))
      } catch { preconditionFailure("numbers and text are always JSON: \(error)") }
    } else {
      let role = item.role + String(repeating: " ", count: max(0, width - item.role.count))
      print("\(Text.fixed(seconds, 3)) s  \(role)  \(line)")
    }
    return fflush(nil) == 0
  }

  private static func names(_ quality: ReadingQuality) -> String {
    let known: [(ReadingQuality, String)] = [
      (.missing, "missing"), (.stale, "stale"), (.overRange, "over range"), (.skewed, "skewed"),
      (.outlier, "outlier"), (.retried, "retried"),
    ]
    let names = known.filter { quality.contains($0.0) }.map(\.1)
    return names.isEmpty ? "good" : names.joined(separator: ", ")
  }
}
