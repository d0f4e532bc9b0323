package export_algohost_ml_metadata

import (
	"encoding/json"
	"testing"
)

func TestDescriptionIsJSON(t *testing.T) {
	var description struct{ Name string }
	if err := json.Unmarshal([]byte(Describe()), &description); err != nil {
		t.Fatal(err)
	}
	if description.Name != "linear" {
		t.Errorf("name is %q", description.Name)
	}
}
