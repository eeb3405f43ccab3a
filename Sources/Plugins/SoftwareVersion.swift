/// The version of this software, as the about text shows it.
public let softwareVersion = "0.1.0"
