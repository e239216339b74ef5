import EtalonCore
import EtalonSession

/// What `etalon estimate` is told about a table of time stamps. The keys: Docs/reference/clock-file.md.
struct ClockEstimateFile {
  let channel: ClockChannel.Configuration
  let leaps: [LeapSecond]
  /// Names of the columns.
  let reference: String
  let oscillator: String
  let label: String

  init(_ source: SourceFile) throws(FileFault) {
    let tree = try StrictYAML.parse(source, kind: .data)
    let context = DecodingContext(file: source.name)
    guard let root = MappingReader.root(of: tree, context: context) else {
      try context.finish(.data)
      throw FileFault(.data, context.diagnostics)
    }
    _ = root.required("etalon")?.integer(1...1)
    _ = root.optional("title")?.text()
    let declared = ClockDeclarations.read(root.required("clock"))
    var names = (reference: "ref", oscillator: "osc", label: "label")
    if let keys = root.optional("columns")?.mapping() {
      names.reference = keys.optional("ref")?.text() ?? names.reference
      names.oscillator = keys.optional("osc")?.text() ?? names.oscillator
      names.label = keys.optional("label")?.text() ?? names.label
      keys.finish()
    }
    root.finish()
    try context.finish(.data)
    guard let declared else { throw FileFault(.data, context.diagnostics) }
    channel = declared.channel
    leaps = declared.leaps
    reference = names.reference
    oscillator = names.oscillator
    label = names.label
  }
}
