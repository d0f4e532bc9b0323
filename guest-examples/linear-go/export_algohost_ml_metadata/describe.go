// Package export_algohost_ml_metadata tells the host what the component is.
package export_algohost_ml_metadata

import _ "embed"

//go:embed description.json
var description string

// Describe returns the description as JSON.
func Describe() string { return description }
