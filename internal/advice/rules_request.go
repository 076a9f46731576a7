package advice

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"dpsdiag/internal/cause"
)

// requestRules are the causes in the registration request itself.
func requestRules() []Rule {
	return []Rule{
		{
			ID:    cause.PayloadInvalid,
			Party: ServiceParty,
			Until: Accepted,
			Weigh: weighPayload,
		},
		{
			ID:    cause.APIVersionUnsupported,
			Until: Accepted,
			Weigh: weighAPIVersion,
		},
		{
			ID:    cause.ConcurrentRegistration,
			Weigh: weighRace,
		},
	}
}

func weighPayload(c *Case) Weight {
	if c.class() != http.StatusBadRequest {
		return Weight{}
	}
	odd := c.warnings(cause.PayloadInvalid)
	switch {
	case c.refusal.opening != nil:
		return ruledOut("the session was refused before the payload was sent")
	case len(odd) > 0 && c.hasEntry("dps-400012"):
		return proven(odd...)
	case len(odd) > 0:
		return remark(odd...)
	}
	return Weight{}
}

// publishedVersions are the versions of the device API that were published or appear in official
// clients (azure-rest-api-specs deviceprovisioningservices/data-plane, and the constants of the SDKs).
func publishedVersions() []string {
	return []string{
		"2017-08-31-preview", "2018-09-01-preview", "2019-03-31", "2021-06-01", "2021-10-01",
		"2021-11-01-preview", "2025-07-01-preview", "2026-11-01", "2026-11-02-preview", "2026-11-15-preview",
	}
}

// oldestVersion is the first version of the device API that is not a preview; it is older than every
// instance of every cloud.
const oldestVersion = "2019-03-31"

// namesID reports whether the service says that it refuses the registration id.
func (c *Case) namesID() bool { return c.hasEntry("dps-400004-regid") }

func weighAPIVersion(c *Case) Weight {
	version := c.Evidence.Target.APIVersion
	published := slices.Contains(publishedVersions(), version)
	switch {
	case c.class() != http.StatusBadRequest:
		return Weight{}
	case c.namesID():
		return ruledOut("the message is about the registration id, not the api-version")
	case version == oldestVersion && !c.hasEntry("dps-unsupported-api-version"):
		return ruledOut("the call asked for " + version + ", which every instance accepts")
	case !published && c.hasEntry("dps-unsupported-api-version"):
		return proven("the call asked for " + quoted(version) + ", which is not a published version")
	case !published:
		return suggested("the call asked for " + quoted(version) + ", which is not a published version")
	case strings.HasSuffix(version, "-preview"):
		return remark("the call asked for " + version + ", a preview that not every instance has")
	}
	return remark("the call asked for " + version)
}

func weighRace(c *Case) Weight {
	switch c.class() {
	case http.StatusConflict, http.StatusPreconditionFailed:
		if c.refusal.state != "" {
			return ruledOut("the service accepted the registration; a race is refused at once")
		}
		if accepted(c.Run) {
			return allowed("the service had accepted this registration before; another one of the same identity may have replaced it")
		}
		return suggested(fmt.Sprintf("a registration is refused with %d while another one of the same identity is in progress", c.class()))
	}
	return Weight{}
}
