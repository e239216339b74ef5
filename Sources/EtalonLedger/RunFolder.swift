import Glibc

/// Makes the folder of a run so that nothing is ever overwritten and everything survives a power failure.
enum RunFolder {
  /// Makes `folder`, `folder/ledger` and the ledger's file with its header; the descriptor to append to.
  static func create(_ folder: String) throws(LedgerFault) -> Int32 {
    try makeFolders(folder)
    guard try isEmpty(folder) else { throw .exists(path: folder) }
    let ledger = folder + "/ledger"
    // Of two runs that both found the folder empty, one makes this folder and the other is refused.
    guard mkdir(ledger, 0o777) == 0 else { throw LedgerFault(code: errno, path: ledger) }
    let path = ledger + "/records.bin"
    let unfinished = path + ".new"
    let descriptor = open(unfinished, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o666)
    guard descriptor >= 0 else { throw LedgerFault(code: errno, path: path) }
    let header = LedgerFormat.header()
    let count = write(descriptor, header, header.count)
    guard count == header.count, fsync(descriptor) == 0, rename(unfinished, path) == 0 else {
      // A short count without an error number means that the disk took a part and is full.
      let code = count >= 0 && count < header.count ? ENOSPC : errno
      Glibc.close(descriptor)
      throw LedgerFault(code: code, path: path)
    }
    do throws(LedgerFault) {
      try synchronise(ledger[...])
      try synchronise(folder[...])
      try synchronise(parent(folder)[...])
    } catch {
      Glibc.close(descriptor)
      throw error
    }
    return descriptor
  }

  /// Makes the entries of a folder stable.
  static func synchronise(_ folder: Substring) throws(LedgerFault) {
    let path = String(folder)
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw LedgerFault(code: errno, path: path) }
    let result = fsync(descriptor)
    let code = errno
    Glibc.close(descriptor)
    // Some file systems can not synchronise a folder and say so with EINVAL; there is nothing more to be done then.
    guard result == 0 || code == EINVAL else { throw LedgerFault(code: code, path: path) }
  }

  private static func makeFolders(_ folder: String) throws(LedgerFault) {
    if mkdir(folder, 0o777) == 0 { return }
    if errno == ENOENT {
      let above = parent(folder)
      guard above != folder else { throw .missing(path: folder) }
      try makeFolders(above)
      if mkdir(folder, 0o777) == 0 { return }
    }
    let code = errno
    guard code == EEXIST else { throw LedgerFault(code: code, path: folder) }
  }

  private static func isEmpty(_ folder: String) throws(LedgerFault) -> Bool {
    guard let stream = opendir(folder) else {
      // A file in place of the folder is something that would have to be overwritten.
      throw errno == ENOTDIR ? .exists(path: folder) : LedgerFault(code: errno, path: folder)
    }
    defer { closedir(stream) }
    errno = 0
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != "." && name != ".." { return false }
    }
    guard errno == 0 else { throw LedgerFault(code: errno, path: folder) }
    return true
  }

  private static func parent(_ folder: String) -> String {
    var path = folder[...]
    while path.count > 1 && path.last == "/" { path.removeLast() }
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }
}
