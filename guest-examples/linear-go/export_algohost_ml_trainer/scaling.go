package export_algohost_ml_trainer

import (
	wit "go.bytecodealliance.org/pkg/wit/types"

	formulas "wit_component/algohost_ml_formulas"
	tensors "wit_component/algohost_ml_tensors"
	"wit_component/host"
)

// scaling holds the columns' means and deviations, 1 x columns.
type scaling struct {
	mean, deviation *tensors.Tensor
}

func newScaling(features *tensors.Tensor) (*scaling, error) {
	mean, err := host.Value(formulas.Reduce(features, formulas.ReductionMean, []uint32{0}, true))
	if err != nil {
		return nil, err
	}
	deviation, err := deviations(features)
	if err != nil {
		mean.Drop()
		return nil, err
	}
	return &scaling{mean, deviation}, nil
}

func deviations(features *tensors.Tensor) (*tensors.Tensor, error) {
	variance, err := host.Value(formulas.Reduce(features, formulas.ReductionVariance, []uint32{0}, true))
	if err != nil {
		return nil, err
	}
	defer variance.Drop()
	// A column that is always the same says nothing, whatever its deviation.
	return once("v", "where(v > 0, sqrt(v), 1)", func(f *formulas.Formula) host.Result[*tensors.Tensor] {
		return f.Apply(inputs(variance))
	})
}

func (s *scaling) drop() {
	s.mean.Drop()
	s.deviation.Drop()
}

// apply gives the columns mean 0 and deviation 1, in place.
func (s *scaling) apply(features *tensors.Tensor) error {
	_, err := once("x mean deviation", "(x - mean) / deviation", func(f *formulas.Formula) host.Result[wit.Unit] {
		return f.ApplyInto(features, inputs(features, s.mean, s.deviation))
	})
	return err
}

// undo returns coefficients (columns x 1) and intercept (1 x 1) for features as they come. The caller drops both.
func (s *scaling) undo(weights *tensors.Tensor) (coefficients, intercept *tensors.Tensor, err error) {
	columns := weights.Shape()[0] - 1
	scaled, err := host.Value(weights.Slice(0, 0, columns))
	if err != nil {
		return nil, nil, err
	}
	defer scaled.Drop()
	last, err := host.Value(weights.Slice(0, columns, columns+1))
	if err != nil {
		return nil, nil, err
	}
	defer last.Drop()
	mean, err := host.Value(s.mean.Transpose())
	if err != nil {
		return nil, nil, err
	}
	defer mean.Drop()
	deviation, err := host.Value(s.deviation.Transpose())
	if err != nil {
		return nil, nil, err
	}
	defer deviation.Drop()
	coefficients, err = once("w deviation", "w / deviation", func(f *formulas.Formula) host.Result[*tensors.Tensor] {
		return f.ApplyAs(tensors.DtypeFloat32, inputs(scaled, deviation))
	})
	if err != nil {
		return nil, nil, err
	}
	intercept, err = shifted(last, scaled, mean, deviation)
	if err != nil {
		coefficients.Drop()
		return nil, nil, err
	}
	return coefficients, intercept, nil
}

// shifted takes from an intercept what the columns' means had moved it by.
func shifted(intercept, weights, mean, deviation *tensors.Tensor) (*tensors.Tensor, error) {
	moved, err := once("w mean deviation", "w * mean / deviation", func(f *formulas.Formula) host.Result[float64] {
		return f.ReduceAll(formulas.ReductionSum, inputs(weights, mean, deviation))
	})
	if err != nil {
		return nil, err
	}
	value, err := host.Value(intercept.Item())
	if err != nil {
		return nil, err
	}
	return host.Value(tensors.Full([]uint32{1, 1}, tensors.DtypeFloat32, value-moved))
}
