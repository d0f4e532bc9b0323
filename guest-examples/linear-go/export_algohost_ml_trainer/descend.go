package export_algohost_ml_trainer

import (
	"math"
	"strconv"
	"strings"

	wit "go.bytecodealliance.org/pkg/wit/types"

	formulas "wit_component/algohost_ml_formulas"
	job "wit_component/algohost_ml_job"
	losses "wit_component/algohost_ml_losses"
	tensors "wit_component/algohost_ml_tensors"
	types "wit_component/algohost_ml_types"
	"wit_component/host"
)

const (
	momentum  = 0.9 // how much of the last step goes on
	toldEvery = 10  // steps between two values of the metric
)

// descend finds the weights of scaled features, the intercept in the last row. The caller drops them.
func descend(objective string, features, labels *tensors.Tensor) (*tensors.Tensor, error) {
	shape := features.Shape()
	rows, length := float64(shape[0]), shape[1]+1
	weights, err := zeros(length)
	if err != nil {
		return nil, err
	}
	loss := losses.MakeLossSquared()
	if objective == "logistic" {
		loss = losses.MakeLossLogistic()
	}
	if err := descendInto(weights, loss, features, labels, rows); err != nil {
		weights.Drop()
		return nil, err
	}
	return weights, nil
}

// descendInto makes all it needs before the first step: a step makes nothing that must be dropped.
func descendInto(weights *tensors.Tensor, loss losses.Loss, features, labels *tensors.Tensor, rows float64) error {
	steps, err := host.Value(job.Integer("steps"))
	if err != nil {
		return err
	}
	length := weights.Shape()[0]
	gradient, err := zeros(length)
	if err != nil {
		return err
	}
	defer gradient.Drop()
	velocity, err := zeros(length)
	if err != nil {
		return err
	}
	defer velocity.Drop()
	change, err := newChange(length, rows)
	if err != nil {
		return err
	}
	defer change.Drop()
	move, err := host.Value(formulas.Compile("w v", "w + v"))
	if err != nil {
		return err
	}
	defer move.Drop()

	changed, moved := inputs(velocity, gradient, weights), inputs(weights, velocity)
	noRowWeights := wit.None[*tensors.Tensor]()
	for at := range steps {
		total, err := host.Value(losses.LossAndGradient(loss, features, labels, noRowWeights, weights, gradient))
		if err != nil {
			return err
		}
		if math.IsNaN(total) || math.IsInf(total, 0) {
			return host.Errorf(types.ErrorCodeInvalidInput,
				"the loss is %s at step %d: a lower learning_rate, or rows without a number", notFinite(total), at)
		}
		if at%toldEvery == 0 || at+1 == steps {
			job.Metric("train_loss", total/rows, uint32(at))
			job.Progress(float64(at+1), float64(steps))
		}
		if job.ShouldStop() {
			break
		}
		if err := host.Check(change.ApplyInto(velocity, changed)); err != nil {
			return err
		}
		if err := host.Check(move.ApplyInto(weights, moved)); err != nil {
			return err
		}
	}
	return nil
}

// newChange is the formula of a step's velocity, with everything bound that stays the same.
func newChange(length uint32, rows float64) (*formulas.Formula, error) {
	change, err := host.Value(formulas.Compile("v g w penalty momentum rate n", "momentum * v - rate * (g / n + penalty * w)"))
	if err != nil {
		return nil, err
	}
	if err := bindConstants(change, length, rows); err != nil {
		change.Drop()
		return nil, err
	}
	return change, nil
}

func bindConstants(change *formulas.Formula, length uint32, rows float64) error {
	penalty, err := newPenalty(length)
	if err != nil {
		return err
	}
	defer penalty.Drop() // the formula holds what it is bound to
	if err := host.Check(change.Bind("penalty", penalty)); err != nil {
		return err
	}
	rate, err := host.Value(job.Number("learning_rate"))
	if err != nil {
		return err
	}
	for _, constant := range []struct {
		name  string
		value float64
	}{{"momentum", momentum}, {"rate", rate}, {"n", rows}} {
		if err := host.Check(change.BindScalar(constant.name, constant.value)); err != nil {
			return err
		}
	}
	return nil
}

// newPenalty is l2 for every weight but the intercept.
func newPenalty(length uint32) (*tensors.Tensor, error) {
	l2, err := host.Value(job.Number("l2"))
	if err != nil {
		return nil, err
	}
	penalty, err := host.Value(tensors.Full([]uint32{length, 1}, tensors.DtypeFloat64, l2))
	if err != nil {
		return nil, err
	}
	if err := fillLast(penalty, length, 0); err != nil {
		penalty.Drop()
		return nil, err
	}
	return penalty, nil
}

func fillLast(column *tensors.Tensor, length uint32, value float64) error {
	last, err := host.Value(column.Slice(0, length-1, length))
	if err != nil {
		return err
	}
	defer last.Drop()
	return host.Check(last.Fill(value))
}

func zeros(length uint32) (*tensors.Tensor, error) {
	return host.Value(tensors.Zeros([]uint32{length, 1}, tensors.DtypeFloat64))
}

// notFinite writes NaN, inf and -inf as the other languages do.
func notFinite(value float64) string {
	return strings.Replace(strings.TrimPrefix(strconv.FormatFloat(value, 'g', -1, 64), "+"), "Inf", "inf", 1)
}
