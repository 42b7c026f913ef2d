//go:build !race

package staff_test

const racing = false
