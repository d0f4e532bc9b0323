// Package export_algohost_ml_predictor scores rows: one host call a request.
package export_algohost_ml_predictor

import (
	wit "go.bytecodealliance.org/pkg/wit/types"

	linalg "wit_component/algohost_ml_linalg"
	predictor "wit_component/algohost_ml_predictor"
	types "wit_component/algohost_ml_types"
	"wit_component/host"
	"wit_component/model"
)

var loaded *model.Model

// Load is called once, before the first Predict.
func Load() host.Done {
	var err error
	loaded, err = model.Load()
	return host.Finish(err)
}

// Predict answers rows x columns with rows x 1.
func Predict(features *predictor.Tensor) host.Result[[]predictor.Output] {
	return host.Answer(predict(features))
}

func predict(features *predictor.Tensor) ([]predictor.Output, error) {
	defer features.Drop()
	if loaded == nil {
		return nil, host.Errorf(types.ErrorCodeBadModel, "no model is loaded")
	}
	found, wanted := features.Shape()[1], loaded.Coefficients.Shape()[0]
	if found != wanted {
		return nil, host.Errorf(types.ErrorCodeInvalidInput, "rows have %d features, the model has %d", found, wanted)
	}
	scores, err := host.Value(linalg.Affine(
		features, loaded.Coefficients, linalg.TransposedNeither, wit.Some(loaded.Intercept), loaded.Activation))
	if err != nil {
		return nil, err
	}
	return []predictor.Output{{Name: "score", Value: scores}}, nil // the host owns the scores from here on
}
