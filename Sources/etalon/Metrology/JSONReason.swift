import Foundation

/// What a JSON parser found wrong and where. Its plain description only says that something is.
enum JSONReason {
  static func text(_ error: any Error) -> String {
    if let detail = (error as NSError).userInfo["NSDebugDescription"] as? String, !detail.isEmpty {
      return detail.hasSuffix(".") ? String(detail.dropLast()) : detail
    }
    return error.localizedDescription
  }
}
