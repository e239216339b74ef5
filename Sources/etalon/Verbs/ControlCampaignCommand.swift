import ArgumentParser
import EtalonCore
import EtalonSession
import EtalonSim
import EtalonTesting
import Foundation

struct ControlCampaignCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "control",
    abstract: "Compare LQG, PI, PID and on-off control of a board's plant on the same seeds.",
    discussion: """
      For each seed the plant is identified by a step test, and every controller is made from that model. Each makes a \
      small step and a large one, which saturates the actuator, and holds the set point. Temperatures are the true ones of \
      the device's probe; the controllers see them with the noise of the stated uncertainty.
      """)

  @Argument(help: "The board: a folder, or a name below boards/.")
  var board: String

  @Option(name: .long, help: "First and last seed, for example 1..200.")
  var seeds: String

  @Option(name: .long, help: "Simulation file; by default the board's sim.yaml.")
  var sim: String?

  @Option(name: .long, help: "Standard uncertainty of the corrected value in kelvin.")
  var uncertainty = 0.003

  @Option(name: .long, help: "Where steps begin, °C; by default a third of the plant's range.")
  var from: Double?

  @Option(
    name: .long, help: ArgumentHelp("Write step-small.svg and step-large.svg of the first seed.", valueName: "dir"))
  var plots: String?

  @Flag(name: .long, help: "Print JSON.")
  var json = false

  func run() throws {
    let parts = seeds.components(separatedBy: "..")
    guard parts.count == 2, let first = UInt64(parts[0]), let last = UInt64(parts[1]), first <= last,
      last - first < 1_000_000
    else {
      throw Fail.with(.usage, "--seeds '\(seeds)' is no range of at most a million seeds; write it as 1..200")
    }
    guard uncertainty > 0, uncertainty < 10 else {
      throw Fail.with(.usage, "--uncertainty \(uncertainty) is not between 0 and 10 kelvin; write it as 0.003")
    }
    let directory = try Boards.directory(of: board)
    let plant = try Fail.reporting {
      let simulation = try SimFile.load(path: sim ?? directory + "/sim.yaml")
      return try SimulatedBench(board: BoardFile.load(directory: directory), simulation: simulation).configuration.plant
    }
    var comparison = ControlComparison(plant: plant, standardUncertainty: uncertainty, seed: first)
    if let from {
      let top = from + comparison.largeStepKelvin
      guard plant.holdingWatts(celsius: from) >= 0, plant.holdingWatts(celsius: top) <= plant.maximumHeaterWatts else {
        throw Fail.with(
          .badData,
          "the plant can not hold \(from) °C and \(top) °C; it holds \(Text.fixed(plant.steadyCelsius(watts: 0), 1)) °C to "
            + "\(Text.fixed(plant.steadyCelsius(watts: plant.maximumHeaterWatts), 1)) °C")
      }
      comparison.startCelsius = from
    }
    let shows = isatty(2) == 1
    let report = ControlCampaign(comparison: comparison, seeds: first...last).report { done, total in
      if shows { Text.toStandardError("\r\u{1B}[K\(done) of \(total) seeds") }
    }
    if shows { Text.toStandardError("\r\u{1B}[K") }
    if json {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
      print(String(decoding: try encoder.encode(report.rows), as: UTF8.self))
    } else {
      print(Self.table(report, comparison))
    }
    if let plots { try Self.draw(comparison, into: plots) }
    for failure in report.failures { Text.toStandardError("\(failure)\n") }
    if !report.failures.isEmpty { throw ArgumentParser.ExitCode(EtalonSession.ExitCode.inconclusive.rawValue) }
  }

  private static func table(_ report: ControlCampaign.Report, _ comparison: ControlComparison) -> String {
    var rows = [
      ["task", "control", "seeds", "overshoot", "largest", "settled", "settling", "rms", "energy"]
    ]
    for row in report.rows {
      rows.append([
        row.task, row.controller, "\(row.n)", Text.fixed(row.overshoot * 1e3, 1) + " mK",
        Text.fixed(row.largestOvershoot * 1e3, 1) + " mK", "\(row.settled)",
        row.settlingSeconds.map { Text.fixed($0, 1) + " s" } ?? "—", Text.fixed(row.rms * 1e3, 2) + " mK",
        Text.fixed(row.joules / 1e3, 1) + " kJ",
      ])
    }
    let start = Text.fixed(comparison.startCelsius, 1)
    return "steps from \(start) °C: small \(Text.fixed(comparison.smallStepKelvin, 1)) K, large "
      + "\(Text.fixed(comparison.largeStepKelvin, 1)) K; settled within "
      + "\(Text.fixed(comparison.bandKelvin(.smallStep) * 1e3, 0)) mK of the set point, after the large step within "
      + "\(Text.fixed(comparison.bandKelvin(.largeStep) * 1e3, 0)) mK\n\n" + Text.table(rows, leftAligned: [0, 1])
  }

  private static let colours: [ControlComparison.Kind: String] = [
    .lqg: "#cc3311", .pi: "#4477aa", .pid: "#228833", .onOff: "#999999",
  ]

  /// The two step responses of the comparison's own seed.
  private static func draw(_ comparison: ControlComparison, into directory: String) throws {
    var curves: [ControlComparison.Task: [ControlComparison.Kind: [(x: Double, y: Double)]]] = [:]
    do {
      _ = try comparison.run(try comparison.identify()) { kind, task, period in
        curves[task, default: [:]][kind, default: []].append((period.seconds, period.celsius))
      }
    } catch let fault as ControlTrial.Fault {
      throw Fail.with(.inconclusive, "nothing to plot: \(fault.explanation)")
    } catch let fault as ControlFault {
      throw Fail.with(.inconclusive, "nothing to plot: \(fault.explanation)")
    }
    for (task, step, end, name) in [
      (ControlComparison.Task.smallStep, comparison.smallStepKelvin, 240.0, "step-small"),
      (ControlComparison.Task.largeStep, comparison.largeStepKelvin, 1_200.0, "step-large"),
    ] {
      var plot = SVGPlot(
        title: "Step of \(Text.fixed(step, 1)) K: LQG red, PI blue, PID green, on-off grey", xLabel: "time / s",
        yLabel: "temperature / °C")
      let target = comparison.startCelsius + step
      let band = comparison.bandKelvin(task)
      plot.layers.append(
        .band([(0, target - band, target + band), (end, target - band, target + band)], colour: "#ffdd88"))
      for kind in [ControlComparison.Kind.onOff, .pid, .pi, .lqg] {
        var points: [(x: Double, y: Double)] = [(x: 0, y: comparison.startCelsius)]
        for point in curves[task]?[kind] ?? [] where point.x <= end { points.append(point) }
        plot.layers.append(.line(points, colour: colours[kind] ?? "#000000"))
      }
      guard let picture = plot.svg() else { throw Fail.with(.internalError, "the plot has no points") }
      let path = directory + "/" + name + ".svg"
      do {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        try picture.write(toFile: path, atomically: true, encoding: .utf8)
      } catch {
        throw Fail.with(.inputOutput, "'\(path)' can not be written: \(error.localizedDescription)")
      }
    }
  }
}
