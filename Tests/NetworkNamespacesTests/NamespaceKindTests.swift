import NetworkNamespaces
import Testing

@Suite("Kinds of namespaces")
struct NamespaceKindTests {
  @Test(
    "have the numbers of clone(2), and names",
    arguments: [
      (.network, 0x4000_0000, "network"), (.mount, 0x0002_0000, "mount"), (.ipc, 0x0800_0000, "ipc"),
      (.uts, 0x0400_0000, "uts"), (.user, 0x1000_0000, "user"), (.pid, 0x2000_0000, "pid"),
      (.cgroup, 0x0200_0000, "cgroup"), (.time, 0x80, "time"), ([.network, .mount], 0x4002_0000, "network, mount"),
      (NamespaceKind(rawValue: 0x40), 0x40, "0x40"), ([], 0, ""),
    ] as [(NamespaceKind, Int, String)])
  func numbers(kind: NamespaceKind, number: Int, name: String) {
    #expect(kind.rawValue == CInt(number))
    #expect(kind.description == name)
  }

  @Test("the system call has the number that Go's netns publishes for the architecture")
  func systemCallNumber() {
    #if arch(x86_64)
      #expect(setNamespaceSystemCallNumber == 308)
    #elseif arch(arm64) || arch(riscv64)
      #expect(setNamespaceSystemCallNumber == 268)
    #else
      #expect(setNamespaceSystemCallNumber > 0)
    #endif
  }
}
