package main

import (
	"errors"
	"fmt"
	"time"

	"countersign/esl"
)

// trunkKeys are the settings of keys, and what differs on single trunks.
type trunkKeys struct {
	InBand      esl.InBand             `yaml:"in_band"`
	Double      duration               `yaml:"double"`
	SilentCalls int                    `yaml:"silent_calls"`
	Trunks      map[string]keysOfTrunk `yaml:"trunks"`
}

// keysOfTrunk are the settings of one trunk; what is missing is as for all.
type keysOfTrunk struct {
	InBand esl.InBand `yaml:"in_band"`
	Double ownDouble  `yaml:"double"`
}

// ownDouble is a time that a trunk may leave to the settings for all.
type ownDouble struct {
	duration
	set bool
}

func (d *ownDouble) UnmarshalYAML(text []byte) error {
	d.set = true
	return d.duration.UnmarshalYAML(text)
}

func defaultTrunkKeys() trunkKeys {
	d := esl.DefaultKeys()
	return trunkKeys{InBand: d.InBand, Double: duration(d.Double), SilentCalls: 30, Trunks: map[string]keysOfTrunk{}}
}

// of are the settings of a trunk.
func (k trunkKeys) of(trunk string) esl.Keys {
	keys := esl.Keys{InBand: k.InBand, Double: time.Duration(k.Double)}
	one := k.Trunks[trunk]
	if one.InBand != "" {
		keys.InBand = one.InBand
	}
	if one.Double.set {
		keys.Double = time.Duration(one.Double.duration)
	}
	return keys
}

func (k trunkKeys) check() error {
	errs := []error{checkInBand("in_band", k.InBand), checkDouble("double", k.Double)}
	if k.SilentCalls != 0 && (k.SilentCalls < 5 || k.SilentCalls > 10000) {
		errs = append(errs, fmt.Errorf("silent_calls is %d: it must be 0 or from 5 to 10000", k.SilentCalls))
	}
	for name, one := range k.Trunks {
		if one.InBand != "" {
			errs = append(errs, checkInBand("trunks."+name+".in_band", one.InBand))
		}
		if one.Double.set {
			errs = append(errs, checkDouble("trunks."+name+".double", one.Double.duration))
		}
	}
	return errors.Join(errs...)
}

func checkInBand(setting string, in esl.InBand) error {
	switch in {
	case esl.InBandAuto, esl.InBandAlways, esl.InBandNever:
		return nil
	}
	return fmt.Errorf("%s is %q: it can be auto, always or never", setting, in)
}

func checkDouble(setting string, d duration) error {
	if d < 0 || time.Duration(d) > esl.LongestDouble {
		return fmt.Errorf("%s is %s: it must be from 0s to %s, because nobody who presses a key twice is faster",
			setting, time.Duration(d), esl.LongestDouble)
	}
	return nil
}
