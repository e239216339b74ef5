import EtalonMetrology

/// Reads the certificate of a reference thermometer.
public enum CertificateFile {
  /// Reads and checks the certificate at `path`.
  ///
  /// - Throws: `FileFault` of kind `.missing`, or `.data` with everything that is wrong.
  public static func load(path: String) throws(FileFault) -> ReferenceCertificate {
    try load(SourceFile(path: path, kind: .data))
  }

  /// Reads and checks a certificate whose bytes are at hand.
  public static func load(_ source: SourceFile) throws(FileFault) -> ReferenceCertificate {
    let tree = try StrictYAML.parse(source, kind: .data)
    let context = DecodingContext(file: source.name)
    let certificate = MappingReader.root(of: tree, context: context).flatMap { read($0, context) }
    try context.finish(.data)
    guard let certificate else {
      throw FileFault(
        .data,
        [
          Diagnostic(
            file: source.name, place: .start, reason: "the certificate can not be read",
            fix: "report this file as a bug")
        ])
    }
    return certificate
  }

  private static func read(_ root: MappingReader, _ context: DecodingContext) -> ReferenceCertificate? {
    let isVersion1 = SessionReader.checkVersion(root.required("etalon"))
    let identifier = root.required("certificate")?.text()
    var serial: String?
    if let instrument = root.required("instrument")?.mapping() {
      _ = instrument.required("maker")?.text()
      _ = instrument.required("model")?.text()
      serial = instrument.required("serial")?.text()
      instrument.finish()
    }
    let issued = date(root.required("issued"))
    let due = date(root.required("due"))
    _ = root.required("quantity")?.word(of: ["temperature"])
    let range = root.required("range")?.range(.temperature)
    let list = root.required("points")?.list()
    let points = list?.compactMap { point($0) } ?? []
    let correlationValue = root.required("correlation")
    let correlation = correlationValue?.number(need: "a correlation above -1 and below 1") { abs($0) < 1 }
    let degreesOfFreedom = root.optional("dof").map { value in
      value.number(need: "a number of degrees of freedom above zero") { $0 > 0 }
    }
    root.finish()
    guard isVersion1, let identifier, let serial, let issued, let due, let range, let list, points.count == list.count,
      let correlation, degreesOfFreedom != .some(nil), context.diagnostics.isEmpty
    else { return nil }
    do throws(ReferenceCertificate.Fault) {
      return try ReferenceCertificate(
        identifier: identifier, instrumentSerial: serial, issued: issued, due: due, range: range, points: points,
        correlation: correlation, degreesOfFreedom: (degreesOfFreedom ?? nil) ?? .infinity)
    } catch {
      report(error, root, list, points, context)
      return nil
    }
  }

  private static func date(_ value: ValueReader?) -> String? {
    guard let value, let text = value.text() else { return nil }
    do throws(CalendarDateFault) { _ = try CertificateDate(parsing: text) } catch {
      value.report("'\(text)' is no day of the calendar", fix: "write it as 2026-03-31")
      return nil
    }
    return text
  }

  private static func point(_ value: ValueReader) -> ReferenceCertificate.Point? {
    guard let mapping = value.mapping() else { return nil }
    let at = mapping.required("at")?.quantity(.temperature)
    let correction = mapping.required("correction")?.quantity(.temperatureDifference)
    let expanded = mapping.required("U")?.quantity(.temperatureDifference, .positive)
    let factor = mapping.required("k")?.number(need: "a coverage factor from 1 to 10") { $0 >= 1 && $0 <= 10 }
    mapping.finish()
    guard let at, let correction, let expanded, let factor else { return nil }
    return ReferenceCertificate.Point(at: at, correction: correction, standardUncertainty: expanded / factor)
  }

  private static func report(
    _ fault: ReferenceCertificate.Fault, _ root: MappingReader, _ list: [ValueReader],
    _ points: [ReferenceCertificate.Point], _ context: DecodingContext
  ) {
    func place(_ celsius: Double) -> SourcePlace {
      points.lastIndex { $0.at == celsius }.map { list[$0].place } ?? root.place(of: "points")
    }
    switch fault {
    case .duplicatePoints(let celsius):
      context.report("two points at \(celsius) °C", fix: "give each temperature once", at: place(celsius))
    case .pointOutsideRange(let celsius, let lower, let upper):
      context.report(
        "the point at \(celsius) °C is outside the certificate's range, \(lower) °C to \(upper) °C",
        fix: "correct the point or the range", at: place(celsius))
    case .notPositiveDefinite(let correlation):
      context.report(
        "a correlation of \(correlation) between all \(points.count) points is impossible",
        fix: "write a number above \(-1 / Double(max(1, points.count - 1))) and below 1",
        at: root.place(of: "correlation"))
    case .datesOutOfOrder:
      context.report("the certificate is due before it was issued", fix: "correct the dates", at: root.place(of: "due"))
    case .standardUncertainty(_, let point), .notFinite(let point):
      context.report(
        "the uncertainty of this point can not be used", fix: "write U above zero, and k", at: list[point].place)
    case .noPoints, .range, .degreesOfFreedom, .date, .outsideRange:
      context.report("the certificate contradicts itself: \(fault)", fix: "correct it", at: root.place)
    }
  }
}

/// The engine has a type of its own named `CalendarDate`; these names keep the two apart.
private typealias CertificateDate = EtalonMetrology.CalendarDate
private typealias CalendarDateFault = EtalonMetrology.CalendarDate.Fault
