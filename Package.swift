// swift-tools-version: 6.2
// The map of who may know whom. Data flows one way: nothing lower knows anything higher.
import PackageDescription

let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableExperimentalFeature("Lifetimes"),
  .treatAllWarnings(as: .error),
]

let system: Target.Dependency = .product(name: "SystemPackage", package: "swift-system")

func module(_ name: String, _ dependencies: [Target.Dependency], path: String? = nil) -> Target {
  .target(name: name, dependencies: dependencies, path: path ?? "Sources/\(name)", swiftSettings: settings)
}

func tests(of name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .testTarget(
    name: "\(name)Tests", dependencies: [.init(stringLiteral: name), "TestSupport"] + dependencies,
    path: "Tests/\(name)Tests", swiftSettings: settings)
}

let package = Package(
  name: "swift-cni",
  products: [
    .library(name: "NetworkNamespaces", targets: ["NetworkNamespaces", "LinuxSystem"]),
    .library(name: "Netlink", targets: ["Netlink", "RouteNetlink", "NFTables", "Conntrack", "NetworkAddresses"]),
    .library(name: "CNI", targets: ["CNI", "JSON"]),
    .executable(name: "swift-cni", targets: ["swift-cni"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-system", from: "1.5.0")
  ],
  targets: [
    // The kernel's headers, libjansson, and libmd for the names that the reference derives with SHA-512.
    .target(name: "CLinux", path: "Sources/CLinux"),
    .systemLibrary(
      name: "CJansson", path: "Sources/CJansson", pkgConfig: "jansson", providers: [.apt(["libjansson-dev"])]),
    .systemLibrary(
      name: "CMessageDigest", path: "Sources/CMessageDigest", pkgConfig: "libmd", providers: [.apt(["libmd-dev"])]),

    // System calls, namespaces, netlink.
    module("LinuxSystem", ["CLinux", system]),
    module("NetworkNamespaces", ["JSON", "LinuxSystem", "CLinux", system]),
    module("NetworkAddresses", []),
    module("Netlink", ["LinuxSystem", "NetworkNamespaces", "CLinux", system]),
    module("RouteNetlink", ["Netlink", "NetworkAddresses", "NetworkNamespaces", "LinuxSystem", "CLinux", system]),
    module("NFTables", ["Netlink", "NetworkAddresses", "NetworkNamespaces", "LinuxSystem", "CLinux", system]),
    module("Conntrack", ["Netlink", "NetworkAddresses", "NetworkNamespaces", "LinuxSystem", "CLinux", system]),

    // The protocol and what is remembered between calls.
    module("JSON", ["CJansson"]),
    module("CNI", ["JSON", "NetworkAddresses", "NetworkNamespaces", "LinuxSystem", "CLinux", system]),
    module("State", ["JSON", "CNI", "NetworkAddresses", "NetworkNamespaces", "LinuxSystem", "CLinux", system]),

    // The plugins, and the executable that is all of them.
    module(
      "Plugins",
      [
        "CNI", "State", "JSON", "RouteNetlink", "NFTables", "Conntrack", "Netlink", "NetworkAddresses",
        "NetworkNamespaces", "LinuxSystem", "CLinux", "CMessageDigest", system,
      ]),
    .executableTarget(
      name: "swift-cni", dependencies: ["Plugins", "CNI", "CLinux"], path: "Sources/swift-cni", swiftSettings: settings,
      linkerSettings: [
        .unsafeFlags(["-static-executable", "-use-ld=lld", "-Xlinker", "--icf=all", "-Xlinker", "--gc-sections"]),
        // Without tables for unwinding, which no code here needs; the script says why.
        .unsafeFlags(
          ["-Xlinker", "--script=\(Context.packageDirectory)/scripts/executable.ld", "-Xlinker", "--no-eh-frame-hdr"],
          .when(configuration: .release)),
      ]),

    // What the tests share, and the tests. Those of the plugins call the built executable, or whichever PLUGIN_DIR names.
    module("TestSupport", ["NetworkNamespaces", "LinuxSystem", "CLinux", system], path: "Tests/TestSupport"),
    tests(of: "State", ["CNI", "NetworkAddresses", "LinuxSystem", "CLinux", system]),
    tests(of: "NetworkNamespaces", ["LinuxSystem", "CLinux", system]),
    tests(of: "NetworkAddresses"),
    tests(of: "Netlink", ["NetworkNamespaces", "LinuxSystem", "CLinux", system]),
    tests(of: "RouteNetlink", ["Netlink", "NetworkAddresses", "NetworkNamespaces", "LinuxSystem", "CLinux", system]),
    tests(of: "NFTables", ["Netlink", "NetworkAddresses", "NetworkNamespaces", "LinuxSystem", "CLinux", system]),
    tests(of: "Conntrack", ["Netlink", "NetworkAddresses", "NetworkNamespaces", "LinuxSystem", "CLinux", system]),
    tests(
      of: "Plugins",
      [
        "CNI", "JSON", "State", "RouteNetlink", "NFTables", "Conntrack", "Netlink", "NetworkAddresses", "LinuxSystem",
        "CLinux",
      ]),
    .testTarget(
      name: "PluginTests", dependencies: ["TestSupport"], path: "Tests/PluginTests", swiftSettings: settings),
    tests(of: "JSON", ["LinuxSystem"]),
    tests(of: "CNI", ["JSON", "NetworkAddresses", "LinuxSystem", "CLinux"]),
  ]
)
