// Package export_algohost_ml_trainer is gradient descent with momentum over all rows. A step is three host calls, and no array leaves the host.
package export_algohost_ml_trainer

import (
	data "wit_component/algohost_ml_data"
	formulas "wit_component/algohost_ml_formulas"
	job "wit_component/algohost_ml_job"
	tensors "wit_component/algohost_ml_tensors"
	types "wit_component/algohost_ml_types"
	"wit_component/host"
	"wit_component/model"
)

// Train reads the channel, descends and writes the model.
func Train() host.Done {
	return host.Finish(train())
}

func train() error {
	objective, err := host.Value(job.Text("objective"))
	if err != nil {
		return err
	}
	features, labels, err := readRows()
	if err != nil {
		return err
	}
	defer features.Drop()
	defer labels.Drop()
	if err := requireClasses(objective, labels); err != nil {
		return err
	}
	scaling, err := newScaling(features)
	if err != nil {
		return err
	}
	defer scaling.drop()
	if err := scaling.apply(features); err != nil {
		return err
	}
	weights, err := descend(objective, features, labels)
	if err != nil {
		return err
	}
	defer weights.Drop()
	coefficients, intercept, err := scaling.undo(weights)
	if err != nil {
		return err
	}
	defer coefficients.Drop()
	defer intercept.Drop()
	return model.Save(objective, coefficients, intercept)
}

// readRows returns all features and labels; the caller drops both.
func readRows() (features, labels *tensors.Tensor, err error) {
	reader, err := host.Value(data.OpenChannel("train"))
	if err != nil {
		return nil, nil, err
	}
	defer reader.Drop()
	batch, err := host.Value(reader.ReadAll())
	if err != nil {
		return nil, nil, err
	}
	if batch.Weights.IsSome() {
		batch.Weights.Some().Drop()
	}
	if batch.Labels.IsNone() {
		batch.Features.Drop()
		return nil, nil, host.Errorf(types.ErrorCodeInvalidInput, "channel train has no labels")
	}
	return batch.Features, batch.Labels.Some(), nil
}

func requireClasses(objective string, labels *tensors.Tensor) error {
	if objective != "logistic" {
		return nil
	}
	others, err := once("y", "y != 0 and y != 1", func(f *formulas.Formula) host.Result[float64] {
		return f.ReduceAll(formulas.ReductionAny, inputs(labels))
	})
	if err != nil {
		return err
	}
	if others != 0 {
		return host.Errorf(types.ErrorCodeInvalidInput, "labels of objective logistic must be 0 or 1")
	}
	return nil
}
