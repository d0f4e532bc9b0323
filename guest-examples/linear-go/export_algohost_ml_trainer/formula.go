package export_algohost_ml_trainer

import (
	formulas "wit_component/algohost_ml_formulas"
	tensors "wit_component/algohost_ml_tensors"
	"wit_component/host"
)

// once compiles a formula for a single use.
func once[T any](names, formula string, use func(*formulas.Formula) host.Result[T]) (result T, err error) {
	compiled, err := host.Value(formulas.Compile(names, formula))
	if err != nil {
		return result, err
	}
	defer compiled.Drop()
	return host.Value(use(compiled))
}

func inputs(inputs ...*tensors.Tensor) []*tensors.Tensor { return inputs }
