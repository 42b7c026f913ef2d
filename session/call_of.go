package session

import "context"

type callKey struct{}

// withCall says on whose behalf work is done under ctx.
func withCall(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, callKey{}, id)
}

// CallOf is the id of the call on whose behalf work is done under ctx; "" if there is none.
func CallOf(ctx context.Context) string {
	id, _ := ctx.Value(callKey{}).(string)
	return id
}
