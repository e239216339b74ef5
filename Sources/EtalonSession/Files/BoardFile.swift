/// Reads `board.yaml`: what a board's design offers.
public enum BoardFile {
  /// Reads and checks `board.yaml` in `directory`, and the certificates that it names.
  ///
  /// - Throws: `FileFault` of kind `.missing`, `.board`, or `.data` for a bad certificate.
  public static func load(directory: String) throws(FileFault) -> BoardPlan {
    let path = directory.isEmpty || directory.hasSuffix("/") ? directory + "board.yaml" : directory + "/board.yaml"
    return try load(SourceFile(path: path, kind: .board))
  }

  /// Reads and checks a board whose bytes are at hand.
  public static func load(_ source: SourceFile) throws(FileFault) -> BoardPlan {
    let tree = try StrictYAML.parse(source, kind: .board)
    let context = DecodingContext(file: source.name)
    var reader = InstrumentReader(context: context, portsAreRoles: true)
    let board = MappingReader.root(of: tree, context: context).flatMap { read($0, &reader, context) }
    try context.finish(.board)
    if let fault = reader.certificateFault { throw fault }
    guard let board else {
      throw FileFault(
        .board,
        [
          Diagnostic(
            file: source.name, place: .start, reason: "the board can not be read", fix: "report this file as a bug")
        ])
    }
    return board
  }

  private static func read(
    _ root: MappingReader, _ reader: inout InstrumentReader, _ context: DecodingContext
  ) -> BoardPlan? {
    root.notAvailable("sensors")
    let isVersion1 = SessionReader.checkVersion(root.required("etalon"))
    let name = root.required("board")?.identifier()
    let title = root.required("title")?.text()
    var hardware = BoardHardwareReader(context: context)
    hardware.read(root)
    let instruments = reader.instruments(root.required("roles"))
    var plan: BoardPlan?
    if let plant = root.required("plant")?.mapping() {
      if plant.required("kind")?.word(of: ["stirred-bath", "oscillator"]) == "oscillator" {
        // An oscillator holds no temperature: there is nothing thermal to state, and nothing that a set point could be.
        plant.finish()
        root.finish()
        guard isVersion1, let name, let title, let instruments else { return nil }
        var board = BoardPlan(
          name: name, title: title, bench: BenchPlan(instruments: instruments, file: context.file),
          holdableCelsius: nil, actuatorMaximumWatts: 0, heatCapacityJoulesPerKelvin: 0, lossWattsPerKelvin: 0,
          delaySeconds: 0, coolingWattsPerKelvin: 0, sinkCelsius: 0, roomCelsius: 0)
        board.hardware = hardware.hardware
        board.hardware.attachments = reader.attachments
        return board
      }
      let heater = plant.required("heater")?.quantity(.power, .positive)
      let capacity = plant.required("heat_capacity")?.quantity(.heatCapacity, .positive)
      let loss = plant.required("loss")?.quantity(.thermalConductance, .positive)
      var cooling = 0.0
      var sink = 0.0
      if let item = plant.optional("cooling")?.mapping() {
        cooling = item.required("conductance")?.quantity(.thermalConductance, .positive) ?? 0
        sink = item.required("sink")?.quantity(.temperature) ?? 0
        item.finish()
      }
      let room = plant.required("room")?.quantity(.temperature)
      let delay = plant.required("delay")?.quantity(.time, .positive)
      plant.finish()
      if let heater, let capacity, let loss, let room, let delay, let name, let title, let instruments {
        var board = BoardPlan(
          name: name, title: title, bench: BenchPlan(instruments: instruments, file: context.file),
          holdableCelsius: nil, actuatorMaximumWatts: heater, heatCapacityJoulesPerKelvin: capacity,
          lossWattsPerKelvin: loss, delaySeconds: delay, coolingWattsPerKelvin: cooling, sinkCelsius: sink,
          roomCelsius: room)
        board.holdableCelsius = board.steadyCelsius(watts: 0)...board.steadyCelsius(watts: heater)
        board.hardware = hardware.hardware
        board.hardware.attachments = reader.attachments
        plan = board
      }
    }
    root.finish()
    return isVersion1 ? plan : nil
  }
}
