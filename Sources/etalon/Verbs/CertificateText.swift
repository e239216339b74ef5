import EtalonMetrology

/// A reference's certificate as the YAML that bench files name.
enum CertificateText {
  static func yaml(_ certificate: ReferenceCertificate) -> String {
    var lines = [
      "etalon: 1",
      "certificate: \(certificate.identifier)",
      "instrument: {maker: twin, model: twin, serial: \(certificate.instrumentSerial)}",
      "issued: \(certificate.issued.text)",
      "due: \(certificate.due.text)",
      "quantity: temperature",
      "range: [\(certificate.lowerBound) °C, \(certificate.upperBound) °C]",
      "points:",
    ]
    for point in certificate.points {
      lines.append(
        "  - {at: \(point.at) °C, correction: \(point.correction) K, U: \(point.standardUncertainty) K, k: 1}")
    }
    lines.append("correlation: \(certificate.correlation)")
    if certificate.degreesOfFreedom.isFinite { lines.append("dof: \(certificate.degreesOfFreedom)") }
    return lines.joined(separator: "\n") + "\n"
  }
}
