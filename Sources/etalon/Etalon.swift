import ArgumentParser
import EtalonSession

/// The command line: the one place that knows Linux and the simulator.
@main
struct Etalon: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "etalon",
    abstract: "An embedded measurement standard: calibrate devices on line, on hardware or in simulation.",
    discussion: """
      Results go to standard output, progress to standard error. Exit codes: 0 conforming, 1 not conforming, \
      2 inconclusive, 3 stopped, 4 verification failed, 6 safe state not confirmed, 64 usage, 65 bad session or data, \
      66 file missing, 69 device absent, 70 internal error, 73 disk full, 74 input/output error, 75 busy, \
      77 permission, 78 bad board or bench.
      """,
    version: Version.text,
    subcommands: [
      ValidateCommand.self, PlanCommand.self, SimulateCommand.self, RunCommand.self, ReplayCommand.self,
      VerifyCommand.self, ReportCommand.self, ReadCommand.self, TwinCommand.self, CampaignCommand.self,
      UncertaintyCommand.self, FitCommand.self, StabilityCommand.self, CompareCommand.self, RiskCommand.self,
      IntervalCommand.self, ConvertCommand.self, EstimateCommand.self,
      DoctorCommand.self, PortsCommand.self, BoardsCommand.self, BenchCommand.self,
    ])
}

/// The version of this program.
enum Version {
  static let text = "0.1.0"
}
