// Package host makes the results of the bindings Go's errors, and back. Copy it: it is the same in every project.
package host

import (
	"errors"
	"fmt"
	"runtime"

	bindings "go.bytecodealliance.org/pkg/wit/runtime"
	wit "go.bytecodealliance.org/pkg/wit/types"

	types "wit_component/algohost_ml_types"
)

// Result is what fallible calls answer with, in both directions.
type Result[T any] = wit.Result[T, types.Error]

// Done is a Result without a value.
type Done = Result[wit.Unit]

// Error is an error that has a code. The code says whose move it is.
type Error types.Error

func (e *Error) Error() string { return e.Message }

// Errorf makes an error of the algorithm's own.
func Errorf(code types.ErrorCode, format string, arguments ...any) error {
	return &Error{Code: code, Message: fmt.Sprintf(format, arguments...)}
}

// Value takes the answer of a host call apart.
func Value[T any](result Result[T]) (T, error) {
	if result.IsErr() {
		failed := Error(result.Err())
		var none T
		return none, &failed
	}
	return result.Ok(), nil
}

// Check is Value for calls that answer with nothing.
func Check(result Done) error {
	_, err := Value(result)
	return err
}

// Answer ends an exported function. What host calls have returned was pinned in memory until now, and only here does Go's runtime come
// to run what garbage collections left to do: no other goroutine runs while this one does not wait.
func Answer[T any](value T, err error) Result[T] {
	bindings.Unpin()
	runtime.Gosched()
	if err == nil {
		return wit.Ok[T, types.Error](value)
	}
	var coded *Error
	if errors.As(err, &coded) {
		return wit.Err[T](types.Error{Code: coded.Code, Message: err.Error()})
	}
	return wit.Err[T](types.Error{Code: types.ErrorCodeInternal, Message: err.Error()})
}

// Finish is Answer for functions that answer with nothing.
func Finish(err error) Done {
	return Answer(wit.Unit{}, err)
}
