extension SessionPlan {
  /// A closed loop: what it holds, with what, and how.
  public struct ControlLoop: Sendable, Equatable {
    /// The kind of controller.
    public enum Kind: String, Sendable, CaseIterable {
      case pid
      case lqg
      case onOff = "on-off"
    }
    /// Role whose value is held: the corrected value of the device, or the corrected reading of the standard.
    public var input: String
    /// Whether `input` is the device under test.
    public var inputIsDevice: Bool
    /// Role of the actuator.
    public var output: String
    /// The kind of controller.
    public var kind: Kind
    /// Time between two decisions, seconds; a whole number of sampling periods.
    public var periodSeconds: Double
    /// Range in °C within which the process may be driven: above it the heater stays off, whatever the controller says.
    public var clampCelsius: ClosedRange<Double>
    /// Half the difference between switching on and off, kelvin; only for `on-off`.
    public var bandKelvin: Double

    /// A loop from its parts.
    public init(
      input: String, inputIsDevice: Bool, output: String, kind: Kind, periodSeconds: Double,
      clampCelsius: ClosedRange<Double>, bandKelvin: Double = 0.05
    ) {
      self.input = input
      self.inputIsDevice = inputIsDevice
      self.output = output
      self.kind = kind
      self.periodSeconds = periodSeconds
      self.clampCelsius = clampCelsius
      self.bandKelvin = bandKelvin
    }
  }

  /// Hold a set point in a closed loop and judge how well.
  public struct ControlStep: Sendable, Equatable {
    /// The loop.
    public var loop: ControlLoop
    /// °C.
    public var setpointCelsius: Double
    /// How long it is held, from the moment at which it counts as reached, seconds.
    public var holdSeconds: Double
    /// How long reaching it may take, seconds.
    public var timeoutSeconds: Double
    /// Largest magnitude of input minus set point during the hold, kelvin; nil where nothing is required.
    public var maximumErrorKelvin: Double?
    /// Largest number of decisions that came too late or not at all; nil where nothing is required.
    public var maximumDeadlineMisses: Int?

    /// A step from its parts.
    public init(
      loop: ControlLoop, setpointCelsius: Double, holdSeconds: Double, timeoutSeconds: Double,
      maximumErrorKelvin: Double? = nil, maximumDeadlineMisses: Int? = nil
    ) {
      self.loop = loop
      self.setpointCelsius = setpointCelsius
      self.holdSeconds = holdSeconds
      self.timeoutSeconds = timeoutSeconds
      self.maximumErrorKelvin = maximumErrorKelvin
      self.maximumDeadlineMisses = maximumDeadlineMisses
    }
  }

  /// Calibrate on line while the device works.
  public struct MonitorStep: Sendable, Equatable {
    /// What happens when the device has lost its accuracy.
    public enum OnLoss: String, Sendable, CaseIterable {
      /// The alarm is raised, and the run goes on.
      case alarm
      /// The alarm is raised, and the standard takes the device's place in the loop.
      case replace
      /// The alarm is raised, and the run ends in the safe state.
      case stop
    }

    /// A part of the step.
    public struct Phase: Sendable, Equatable {
      /// Name, for the results.
      public var name: String
      /// How long it lasts, seconds.
      public var seconds: Double
      /// New set point, °C; nil to keep the one before.
      public var setpointCelsius: Double?
      /// Whether the reference is read; without it the device works on its calibration alone.
      public var referencePresent: Bool
    }

    /// What moves the process; nil when it moves by itself.
    public var loop: ControlLoop?
    /// The phases, in order.
    public var phases: [Phase]
    /// Time between two rows of the record, seconds; a whole number of sampling periods.
    public var everySeconds: Double
    /// Largest expanded uncertainty of a corrected value once the device is calibrated, kelvin; nil for any.
    public var maximumExpandedUncertaintyKelvin: Double?
    /// What happens on loss of accuracy.
    public var onLoss: OnLoss
    /// Name of the bench's output line that is active while accuracy is lost; nil for none.
    public var alarmLine: String?
    /// How long it lasts, seconds.
    public var seconds: Double { phases.reduce(0) { $0 + $1.seconds } }
  }
}
