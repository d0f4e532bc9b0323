// Package model knows what lies in the model directory.
package model

import (
	"fmt"
	"strings"

	artifacts "wit_component/algohost_ml_artifacts"
	linalg "wit_component/algohost_ml_linalg"
	tensors "wit_component/algohost_ml_tensors"
	"wit_component/host"
)

const file = "model.safetensors"

// Model is a linear model, ready to score rows.
type Model struct {
	Coefficients *tensors.Tensor // columns x 1
	Intercept    *tensors.Tensor // 1
	Activation   linalg.Activation
}

// Save writes the coefficients (columns x 1) and the intercept (1 x 1).
func Save(objective string, coefficients, intercept *tensors.Tensor) error {
	writer, err := host.Value(artifacts.CreateArchive(file))
	if err != nil {
		return err
	}
	defer writer.Drop()
	if err := host.Check(writer.Add("coefficients", coefficients)); err != nil {
		return err
	}
	if err := host.Check(writer.Add("intercept", intercept)); err != nil {
		return err
	}
	return host.Check(writer.Finish(fmt.Sprintf(`{"objective":%q}`, objective)))
}

// Load reads what Save has written. The model's tensors are never dropped: they live as long as the instance.
func Load() (*Model, error) {
	archive, err := host.Value(artifacts.OpenArchive(file))
	if err != nil {
		return nil, err
	}
	defer archive.Drop()
	activation := linalg.ActivationIdentity
	if strings.Contains(archive.Metadata(), "logistic") {
		activation = linalg.ActivationSigmoid
	}
	coefficients, err := host.Value(archive.Get("coefficients"))
	if err != nil {
		return nil, err
	}
	stored, err := host.Value(archive.Get("intercept"))
	if err != nil {
		return nil, err
	}
	defer stored.Drop()
	intercept, err := host.Value(stored.Reshape([]uint32{1}))
	if err != nil {
		return nil, err
	}
	return &Model{coefficients, intercept, activation}, nil
}
