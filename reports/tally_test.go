package reports

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAQuantileIsThatOfASortedListHoweverLongTheTimes(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 1))
	for range 300 {
		var one, other, both times
		var tenths []int64
		for range 1 + random.IntN(60) {
			ms := random.Int64N(200_000)
			switch random.IntN(10) {
			case 0:
				ms = random.Int64N(100 * mostTenths * 300) // a call that nobody ended
			case 1:
				ms = -ms // the clock was put back
			}
			if random.IntN(2) == 0 {
				one.put(ms)
			} else {
				other.put(ms)
			}
			tenths = append(tenths, (ms+50)/100)
		}
		both.add(&one)
		both.add(&other)
		slices.Sort(tenths)
		for _, percent := range []int{1, 50, 95, 100} {
			require.Equal(t, float64(tenths[(len(tenths)*percent+99)/100-1])/10, both.quantile(int64(percent)), "%d %% of %v",
				percent, tenths)
		}
	}
}
