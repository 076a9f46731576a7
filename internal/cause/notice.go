package cause

// NoticeName names a warning that is no sign of a cause.
type NoticeName string

// The warnings that are no sign of a cause.
const (
	CertExpiresSoon NoticeName = "cert-expires-soon"
	TPMSRKTemplate  NoticeName = "tpm-srk-template"
	ServerChainLong NoticeName = "server-chain-long"
)

// Notice is what dpsdiag tells a person of such a warning.
type Notice struct {
	Name     NoticeName
	Title    string
	Meaning  string
	Remedies []string // in order
}

// Notices returns every notice.
func Notices() []Notice {
	return []Notice{
		{
			Name:    CertExpiresSoon,
			Title:   "A certificate expires soon",
			Meaning: "A certificate that the device presents is valid now and expires within the time that --expires-in gives, 30 days unless it says otherwise. After that day the service refuses the device.",
			Remedies: []string{
				"Renew the certificate before that day: with the same common name, from a CA that the enrollment trusts",
				"If it is an intermediate, renew that one and give every device the new chain",
				"If the enrollment is an individual one, put the new certificate into it, as the secondary certificate while the old one is in use",
			},
		},
		{
			Name:    TPMSRKTemplate,
			Title:   "The TPM has another storage root key than dpsdiag makes",
			Meaning: "The SDKs use the key at the persistent handle 0x81000001 as the storage root key, whatever it is. dpsdiag makes its own and leaves that one alone, so the SDKs may fail where this probe passes.",
			Remedies: []string{
				"Try the SDK of the device on this TPM: what dpsdiag proves does not include that key",
				"If nothing else needs the key, remove it, and the SDKs make one that fits: tpm2_evictcontrol -C o -c 0x81000001",
			},
		},
		{
			Name:  ServerChainLong,
			Title: "The server's certificates may be too long for a small device",
			Meaning: "The server sent more than 7 KB of certificates. A microcontroller that gives its TLS library a smaller buffer cannot read them: 7 KB is the default of Azure RTOS (NetX Duo), " +
				"and other configurations have 4 KB. Since September 2025 Azure's chains have one certificate more, a Microsoft TLS root that DigiCert Global Root G2 or G3 signed.",
			Remedies: []string{
				"Compare chain-bytes of the stage tls with the buffer of the device: NX_AZURE_IOT_TLS_PACKET_BUFFER_SIZE, MBEDTLS_SSL_IN_CONTENT_LEN, CONFIG_MBEDTLS_SSL_IN_CONTENT_LEN",
				"Make that buffer larger in the next firmware, and allow chains of four certificates; a gateway or a computer is not concerned",
			},
		},
	}
}

// LookupNotice returns the notice of that name, or false for an unknown one.
func LookupNotice(name string) (*Notice, bool) {
	for _, n := range Notices() {
		if string(n.Name) == name {
			return &n, true
		}
	}
	return nil, false
}
