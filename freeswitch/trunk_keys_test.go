package freeswitch_test

import (
	"testing"
	"time"

	"countersign/esl"
)

// TestKeysOfEveryTrunkCountOnce calls with keys in the sound and with doubled keys, and with the settings for them.
func TestKeysOfEveryTrunkCountOnce(t *testing.T) {
	t.Parallel()
	auto := esl.DefaultKeys()
	// A key that a gateway sends again comes as much later as it lasts.
	doubles := esl.Keys{InBand: esl.InBandNever, Double: esl.LongestDouble}
	short := esl.Keys{InBand: esl.InBandNever, Double: 60 * time.Millisecond}
	leaks := esl.Keys{InBand: esl.InBandAlways, Double: esl.LongestDouble}
	k := startKeyForms(t, auto, doubles, short, leaks)
	tones := func(keys string) (p keyPlan) {
		for i := range keys {
			p = p.sounded(keys[i], 12*i, 6)
		}
		return p
	}
	slots := make(chan struct{}, 6)
	for _, c := range []struct {
		keys esl.Keys
		keyForm
	}{
		{auto, keyForm{what: "tones without telephone-event", plan: tones("1123580"), noEvents: true, inBand: true,
			counts: "1123580"}},
		{auto, keyForm{what: "INFO without telephone-event", info: []infoKey{relayed("7", 100*time.Millisecond),
			relayed("7", 40*time.Millisecond)}, noEvents: true, counts: "77"}},
		{auto, keyForm{what: "tones that leak beside RFC 4733", plan: keyPlan{}.pressed('7', 0, 5).sounded('7', 0, 5),
			counts: "7"}},
		{auto, keyForm{what: "real doubles, as fast as telephones dial",
			plan: keyPlan{}.pressed('1', 0, 2).pressed('1', 4, 2).pressed('1', 8, 2), counts: "111"}},

		{doubles, keyForm{what: "doubled at once", plan: keyPlan{}.pressed('7', 0, 5).pressed('7', 6, 5), counts: "7"}},
		{doubles, keyForm{what: "beginning and end again", counts: "7",
			plan: keyPlan{}.pressed('7', 0, 5).held('7', 0, 6, 2).ended('7', 0, 8, 8, 3)}},
		{doubles, keyForm{what: "ends with timestamps of their own", counts: "7",
			plan: keyPlan{}.held('7', 0, 0, 5).at(5, keyPacket{Key: '7', Frames: 5, End: true},
				keyPacket{Key: '7', Later: 160, Frames: 5, End: true}, keyPacket{Key: '7', Later: 320, Frames: 5, End: true})}},
		{doubles, keyForm{what: "the ends of two keys in turn", counts: "78",
			plan: keyPlan{}.held('7', 0, 0, 3).held('8', 2, 3, 3).ended('7', 0, 6, 3, 1).ended('8', 2, 6, 4, 1).
				ended('7', 0, 6, 3, 1).ended('8', 2, 6, 4, 1)}},
		{doubles, keyForm{what: "real doubles, as fast as people press", counts: "1155",
			plan: keyPlan{}.pressed('1', 0, 4).pressed('1', 9, 4).pressed('5', 18, 4).pressed('5', 27, 4)}},
		{short, keyForm{what: "ends with timestamps of their own", counts: "7",
			plan: keyPlan{}.held('7', 0, 0, 5).at(5, keyPacket{Key: '7', Frames: 5, End: true},
				keyPacket{Key: '7', Later: 160, Frames: 5, End: true}, keyPacket{Key: '7', Later: 320, Frames: 5, End: true})}},
		{short, keyForm{what: "the ends of two keys in turn", counts: "78",
			plan: keyPlan{}.held('7', 0, 0, 3).held('8', 2, 3, 3).ended('7', 0, 6, 3, 1).ended('8', 2, 6, 4, 1).
				ended('7', 0, 6, 3, 1).ended('8', 2, 6, 4, 1)}},
		{short, keyForm{what: "real doubles, as fast as telephones dial",
			plan: keyPlan{}.pressed('1', 0, 2).pressed('1', 4, 2).pressed('1', 8, 2), counts: "111"}},
		{leaks, keyForm{what: "tones beside RFC 4733", plan: keyPlan{}.pressed('7', 0, 5).sounded('7', 0, 5), inBand: true,
			counts: "7"}},
		{leaks, keyForm{what: "tones alone, though telephone-event is offered", plan: tones("4711"), inBand: true,
			counts: "4711"}},
	} {
		inParallel(t, scenario{wayOf(c.keys) + ": " + c.what, func(t *testing.T) {
			slots <- struct{}{}
			defer func() { <-slots }()
			k.counted(t, wayOf(c.keys), c.keyForm)
		}})
	}
}
