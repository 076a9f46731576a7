package support

// Ends returns the ends of support that are known, for each product the earliest first. Read on
// 2026-11-29. A product that is not listed, such as IoT Central, has no end of support that is
// announced and stands: the notice about IoT Central of February 2024 was withdrawn in the same month.
func Ends() []End {
	const (
		history   = "Microsoft Learn, IoT Edge version history"
		changelog = "Azure/iotedge CHANGELOG.md"
		edge      = "IoT Edge 1.6 is supported until 2028-11-14"
	)
	return []End{
		{IoTEdge, "1.1", "2022-12-13", edge, history},
		{IoTEdge, "1.4", "2024-11-12", edge, history},
		{IoTEdge, "1.5", "2026-11-10", edge, history},
		{IoTEdge, "1.6", "2028-11-14", "install a later release", changelog},
		{EFLOW, "1.5", "2026-11-10", edge + ", on Linux", history},
		{AzureSphere, "", "2026-07-31", "its service ends on 2031-07-31", "Microsoft IoT blog, 2026-03-20"},
	}
}
