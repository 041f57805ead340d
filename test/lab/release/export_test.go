package release

// UnitFile returns the unit of a role in a release.
var UnitFile = unitFile
