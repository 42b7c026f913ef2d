package reports

import (
	"context"
	"fmt"
	"math"
	"time"
)

// TrendQuery says of what the trend is.
type TrendQuery struct {
	// Lines are the service lines to count; none means all.
	Lines []string
	// Zone is that of the day.
	Zone *time.Location
	// Weeks is with how many weeks before the day is compared.
	Weeks int
	// Rounded gives no small count away: quarter hours with few calls have no percentage.
	Rounded bool
}

// Trend is how many calls were verified in each quarter hour of today, beside the same quarter hours of the same day of
// the weeks before. A call counts in the quarter hour in which it began.
type Trend struct {
	Points  []TrendPoint
	Counted time.Time // zero: nothing is
}

// TrendPoint is a quarter hour.
type TrendPoint struct {
	At time.Time
	// Calls and Verified are those of today; Percent is verified in percent, if Calls is not 0.
	Calls, Verified int64
	Percent         float64
	Known           bool
	// Low and High are the least and the most percent of the weeks before, of which Weeks had calls.
	Low, High float64
	Weeks     int
}

// Trend reads today up to now. The quarter hour that runs is in it.
func (r *Reader) Trend(ctx context.Context, q TrendQuery) (t Trend, err error) {
	now := r.now().In(q.Zone)
	begin := startOfDay(today(now), q.Zone)
	tx, err := r.db.BeginTx(ctx, nil)
	if err != nil {
		return t, fmt.Errorf("read the trend: %w", err)
	}
	defer func() { _ = tx.Rollback() }()
	var counted *int64
	if err := tx.QueryRowContext(ctx, "SELECT counted_until FROM counted").Scan(&counted); err != nil {
		return t, fmt.Errorf("read the trend: %w", err)
	}
	if counted != nil {
		t.Counted = time.UnixMilli(*counted).In(q.Zone)
	}
	at := map[int64]int{}
	for from := begin; from.Before(now); from = from.Add(15 * time.Minute) {
		at[from.UnixMilli()] = len(t.Points)
		t.Points = append(t.Points, TrendPoint{At: from})
	}
	for week := range q.Weeks + 1 {
		// Days may be longer or shorter: the clock on the wall counts.
		first := startOfDay(today(now)-Day(7*week), q.Zone)
		shift := begin.UnixMilli() - first.UnixMilli()
		w := where(first.UnixMilli(), now.UnixMilli()-shift, q.Lines)
		err := each(ctx, tx, func(scan func(...any) error) error {
			var started, calls, verified int64
			if err := scan(&started, &calls, &verified); err != nil || calls == 0 {
				return err
			}
			if i, ok := at[started+shift]; ok {
				t.Points[i].add(week, calls, verified, q.Rounded)
			}
			return nil
		}, "SELECT c.started, sum(c.calls), sum(c.verified) FROM quarter_hours AS c WHERE "+w.text+" GROUP BY 1", w.args...)
		if err != nil {
			return t, err
		}
	}
	return t, nil
}

func (p *TrendPoint) add(week int, calls, verified int64, rounded bool) {
	if rounded && (calls < Few || verified > 0 && verified < Few || calls > verified && calls-verified < Few) {
		return
	}
	percent := tenth(100 * float64(verified) / float64(calls))
	if rounded {
		percent = math.Round(percent/5) * 5
		calls, verified = (calls+Few/2)/Few*Few, (verified+Few/2)/Few*Few
	}
	if week == 0 {
		p.Calls, p.Verified, p.Percent, p.Known = calls, verified, percent, true
		return
	}
	if p.Weeks == 0 {
		p.Low, p.High = percent, percent
	}
	p.Low, p.High, p.Weeks = min(p.Low, percent), max(p.High, percent), p.Weeks+1
}
