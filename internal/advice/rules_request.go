package advice

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"dpsdiag/internal/cause"
)

// requestRules are the causes that lie in the registration request itself.
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
	case len(odd) > 0 && c.hasRow("dps-400012"):
		return proven(odd...)
	case len(odd) > 0:
		return remark(odd...)
	}
	return Weight{}
}

// publishedVersions are the api-versions of the device API that were published or seen in
// official clients (azure-rest-api-specs deviceprovisioningservices/data-plane, and the
// constants of the SDKs).
func publishedVersions() []string {
	return []string{
		"2017-08-31-preview", "2018-09-01-preview", "2019-03-31", "2021-06-01", "2021-10-01",
		"2021-11-01-preview", "2025-07-01-preview", "2026-11-01", "2026-11-02-preview", "2026-11-15-preview",
	}
}

// oldestVersion is the first version of the device API that is no preview: every instance of
// every cloud was made since.
const oldestVersion = "2019-03-31"

// namesID reports whether the service says that the registration id is what it refuses.
func (c *Case) namesID() bool { return c.hasRow("dps-400004-regid") }

func weighAPIVersion(c *Case) Weight {
	version := c.Evidence.Target.APIVersion
	published := slices.Contains(publishedVersions(), version)
	switch {
	case c.class() != http.StatusBadRequest:
		return Weight{}
	case c.namesID():
		return ruledOut("the message names the registration id, not the api-version")
	case version == oldestVersion && !c.hasRow("dps-unsupported-api-version"):
		return ruledOut("the call asked for " + version + ", which every instance takes")
	case !published && c.hasRow("dps-unsupported-api-version"):
		return proven("the call asked for " + quoted(version) + ", which is no published version")
	case !published:
		return suggested("the call asked for " + quoted(version) + ", which is no published version")
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
			return allowed("the service had accepted this registration before; another one of the same identity may have taken its place")
		}
		return suggested(fmt.Sprintf("a registration is refused with %d when another one of the same identity is under way", c.class()))
	}
	return Weight{}
}
