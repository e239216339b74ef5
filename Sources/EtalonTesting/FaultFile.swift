import EtalonMetrology
import EtalonSession
import EtalonSim

/// A fault plan as a file: a list of entries, or a mapping with `etalon: 1` and `faults:`.
///
/// An entry reads `{at: 10 min, layer: wire, device: ref, kind: silent, for: 30 s}`; kinds that need a size take `value`.
public enum FaultFile {
  /// Reads the file at `path`.
  /// - Throws: `FileFault`: `.missing`, or `.session` with every fault of the file.
  public static func load(path: String) throws(FileFault) -> FaultPlan {
    try load(SourceFile(path: path, kind: .session))
  }

  /// Reads a fault plan whose bytes are at hand.
  public static func load(_ source: SourceFile) throws(FileFault) -> FaultPlan {
    let tree = try StrictYAML.parse(source, kind: .session)
    let context = DecodingContext(file: source.name)
    var plan = FaultPlan()
    if case .sequence = tree.content {
      if let list = ValueReader(tree, name: "the file", context: context).list() { plan = entries(list) }
    } else if let root = MappingReader.root(of: tree, context: context) {
      _ = root.required("etalon")?.integer(1...1)
      if let list = root.required("faults")?.list() { plan = entries(list) }
      root.finish()
    }
    try context.finish(.session)
    return plan
  }

  static func entries(_ list: [ValueReader]) -> FaultPlan {
    FaultPlan(list.compactMap { item in item.mapping().flatMap(entry) })
  }

  private static func entry(_ mapping: MappingReader) -> FaultEntry? {
    let at = mapping.required("at")?.quantity(.time, .notNegative)
    let layer = mapping.required("layer")?.choice(FaultLayer.self)
    let target = mapping.optional("device")?.text() ?? mapping.optional("line")?.text() ?? ""
    let kindReader = mapping.required("kind")
    let duration = mapping.optional("for")?.quantity(.time, .positive)
    var kind: FaultKind?
    if let layer, let name = kindReader?.word(of: layer.kinds.map(\.name)) {
      kind = layer.kinds.first { $0.name == name }
    }
    var value: Double?
    if let kind, let reader = mapping.optional("value") { value = size(reader, of: kind) }
    mapping.finish()
    guard let at, let layer, let kind else { return nil }
    return FaultEntry(atSeconds: at, layer: layer, target: target, kind: kind, forSeconds: duration, value: value)
  }

  private static func size(_ reader: ValueReader, of kind: FaultKind) -> Double? {
    switch kind {
    case .delay, .step, .glitch, .bounce: reader.quantity(.time)
    case .offsetStep, .roomStep: reader.quantity(.temperatureDifference)
    case .heaterStuckOn: reader.quantity(.power, .notNegative)
    case .drift: reader.quantity(.share).map { $0 * 1e4 }
    default: reader.number()
    }
  }
}
