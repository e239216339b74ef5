import EtalonMetrology

/// A session file, checked and typed: everything in it has a meaning, a unit and a range.
///
/// Temperatures are in degrees Celsius, temperature differences, errors and uncertainties in kelvin, times in seconds
/// unless a name says otherwise.
public struct SessionPlan: Sendable {
  /// Short name, used in the name of the run folder.
  public var name: String
  /// Title, for people.
  public var title: String
  /// Parameters after overrides, in the order of the file.
  public var parameters: [Parameter]
  /// What the session needs, in the order of the file.
  public var roles: [RoleRequirement]
  /// Conditions of the surroundings that are watched.
  public var environment: [EnvironmentLimit]
  /// How readings are taken and paired.
  public var sampling: SamplingPlan
  /// The named lists of points, in the order of the file.
  public var points: [PointsPlan]
  /// The measurement function and its inputs.
  public var model: ModelPlan
  /// Limits and decision rule.
  public var acceptance: AcceptancePlan
  /// What is done, in order.
  public var steps: [SessionStep]
  /// Roles whose safe state is reached at the end of every run, in order.
  public var finally: [FinalAction]
  /// The file as the user named it, for messages; empty for a plan that no file gave.
  public var file = ""

  /// A name that the file and `--set` give a value.
  public struct Parameter: Sendable, Equatable {
    /// Name, as `${name}` refers to it.
    public var name: String
    /// The value as text, for example `10 min`.
    public var text: String
  }

  /// What a session needs of a device, by role.
  public struct RoleRequirement: Sendable {
    /// What a role is for.
    public enum Kind: String, Sendable, CaseIterable { case device, standard, actuator, monitor }
    /// Name of the role, for example `dut`.
    public var name: String
    /// What the role is for.
    public var kind: Kind
    /// Names of the quantities, for example `temperature`.
    public var quantities: [String]
    /// Smallest step of the indication in kelvin; nil where the session says nothing.
    public var resolutionKelvin: Double?
    /// Range in °C in which the role must serve.
    public var rangeCelsius: ClosedRange<Double>?
    /// Largest expanded uncertainty in kelvin that the standard may have.
    public var maximumExpandedUncertaintyKelvin: Double?
    /// Whether the bench must name a certificate.
    public var certificateRequired: Bool
    /// What the safe state is to be; `heater: disabled` is the only one known so far.
    public var safeHeaterDisabled: Bool
    /// What is known of a device's errors beforehand; nil where the session says nothing.
    public var prior: DevicePrior?
    /// Standard deviation of the noise of a reading of the standard, kelvin; nil where the session says nothing.
    public var noiseKelvin: Double?
  }

  /// A condition of the surroundings that is watched during the run.
  public struct EnvironmentLimit: Sendable {
    /// What is watched.
    public enum Signal: String, Sendable, CaseIterable { case temperature, humidity, pressure }
    /// What happens when a limit is exceeded.
    public enum Otherwise: String, Sendable, CaseIterable { case warn, pause, stop }
    /// Role that watches.
    public var role: String
    /// What is watched.
    public var signal: Signal
    /// In °C, %RH or Pa.
    public var within: ClosedRange<Double>
    /// What happens outside the limits.
    public var otherwise: Otherwise
    /// How long a pause may last before the run fails; nil where `otherwise` is not `pause`.
    public var giveUpSeconds: Double?
  }

  /// How readings are taken and paired.
  public struct SamplingPlan: Sendable {
    /// Pairs of readings per second.
    public var rateHertz: Double
    /// Largest difference in time between the reference's and the device's reading of a pair, after alignment.
    public var alignSeconds: Double
    /// Hampel rejector; nil when nothing is rejected.
    public var reject: Rejection?
    /// Longest time without a pair before the point is repeated.
    public var maximumGapSeconds: Double
    /// Share of missing samples in a window, 0...1, above which the point is repeated.
    public var maximumMissingFraction: Double

    /// A Hampel rejector: the median of a window and its robust standard deviation.
    public struct Rejection: Sendable {
      /// Odd number of samples in the window.
      public var window: Int
      /// Threshold in robust standard deviations.
      public var k: Double
      /// Share of rejected samples, 0...1, above which the point is repeated.
      public var maximumFraction: Double
    }
  }

  /// A list of set points and how each is measured.
  public struct PointsPlan: Sendable {
    /// Order in which the set points are visited.
    public enum Direction: String, Sendable, CaseIterable { case up, down }
    /// Name, as steps refer to it.
    public var name: String
    /// Set points in °C, rising.
    public var setpointsCelsius: [Double]
    /// Series of visits: each direction goes through all set points.
    public var order: [Direction]
    /// Waiting time after the set point is reached, before the settle criterion counts.
    public var soakSeconds: Double
    /// When a point counts as settled.
    public var settle: Settle
    /// How many readings a point takes.
    public var measure: Measure
    /// How often a point is tried again.
    public var retries: Int
    /// Waiting time before a point is tried again.
    public var retryBackoffSeconds: Double
    /// Where each set point stands in the file; empty for a plan that no file gave.
    public var setpointPlaces: [SourcePlace] = []

    /// The criterion of a settled point.
    public struct Settle: Sendable {
      /// The role whose signal must settle.
      public var signal: String
      /// Largest magnitude of the slope over `holdSeconds`, kelvin per second.
      public var slopeKelvinPerSecond: Double
      /// Largest standard deviation about the line over `holdSeconds`, kelvin.
      public var standardDeviationKelvin: Double
      /// Length of the window that slope and scatter are judged in.
      public var holdSeconds: Double
      /// How long reaching, soaking and settling may take before the point is retried.
      public var timeoutSeconds: Double
    }

    /// The window of a measurement.
    public struct Measure: Sendable {
      /// Number of aligned pairs in the window.
      public var samples: Int
      /// Number of block means made of them, at least 2; `samples` is a multiple of it.
      public var blocks: Int
    }
  }

  /// The measurement function and its inputs.
  public struct ModelPlan: Sendable {
    /// Expression of the error, for example `dut - (ref + ref.correction)`.
    public var error: String
    /// Coverage probability, 0...1.
    public var coverageProbability: Double
    /// Whether each point's interval is checked by Monte Carlo.
    public var checkByMonteCarlo: Bool
    /// Every influence on the error, in the order of the file.
    public var inputs: [Input]

    /// One influence on the error.
    public struct Input: Sendable {
      /// Role and influence, for example `ref.drift`.
      public var name: String
      /// Where its uncertainty comes from.
      public var source: Source
    }

    /// Where the uncertainty of an input comes from.
    public enum Source: Sendable, Equatable {
      /// From the block means of the readings.
      case typeA
      /// From the reference's certificate.
      case certificate
      /// From the resolution that the role declares.
      case resolutionOfRole
      /// From the difference between the ascending and the descending visit of a set point.
      case upDownDifference
      case rectangular(halfWidth: Double)
      case triangular(halfWidth: Double)
      case normal(standardUncertainty: Double)
    }
  }

  /// Limits and decision rule.
  public struct AcceptancePlan: Sendable {
    /// Limits of the error in kelvin.
    public var errorLimits: ClosedRange<Double>
    /// The decision rule.
    public var rule: Rule
    /// Guard band as a multiple of the expanded uncertainty U, 0 or more.
    public var guardBandFactor: Double
    /// Decision between acceptance and rejection zone.
    public var otherwise: Decision

    /// For a session that decides on no point.
    static let none = AcceptancePlan(errorLimits: 0...0, rule: .simple, guardBandFactor: 0, otherwise: .inconclusive)

    /// How a decision takes account of the uncertainty.
    public enum Rule: String, Sendable, CaseIterable {
      case simple = "simple-acceptance"
      case guarded = "guarded-acceptance"
    }
  }

  /// Decision on a point.
  public enum Decision: String, Sendable, CaseIterable { case pass, fail, inconclusive }

  /// What is done, in order.
  public enum SessionStep: Sendable {
    case identify(Identify)
    case asFound(points: String)
    case adjust(Adjust)
    case asLeft(points: String)
    case control(ControlStep)
    case monitor(MonitorStep)

    /// Ask devices who they are.
    public struct Identify: Sendable {
      /// Role and the facts asked of it (`uid`, `firmware`, `coefficients`, `certificate`).
      public var facts: [(role: String, facts: [String])]
      /// Whether an expired certificate ends the run.
      public var refuseExpired: Bool
      /// Whether a device whose serial number is not the certificate's ends the run.
      public var refuseMismatch: Bool
    }

    /// Fit the errors as found, write the coefficients and read them back.
    public struct Adjust: Sendable {
      /// Adjust when any point has |error| + U above this share of the limit; nil means always.
      public var whenAboveShareOfLimit: Double?
      /// Degree of the fitted polynomial, 0...3.
      public var degree: Int
      /// Largest residual of the fit in kelvin; above it nothing is written.
      public var maximumResidualKelvin: Double
      /// Range in °C in which the adjustment is declared valid.
      public var validCelsius: ClosedRange<Double>
      /// Role whose coefficients are written.
      public var role: String
    }
  }

  /// What is done at the end of every run.
  public struct FinalAction: Sendable, Equatable {
    /// Safe state of an actuator, or idle state of a device.
    public enum Kind: String, Sendable, CaseIterable { case safe, idle }
    /// Role concerned.
    public var role: String
    /// What is reached.
    public var kind: Kind
  }
}
