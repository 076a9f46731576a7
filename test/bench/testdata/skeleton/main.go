// Command skeleton shows the minimum start-up time of a program like dpsdiag: a Cobra
// command that prints a coloured line and a small table.
package main

import (
	"fmt"
	"os"

	"github.com/fatih/color"
	"github.com/olekukonko/tablewriter"
	"github.com/spf13/cobra"
)

func main() {
	root := &cobra.Command{Use: "skeleton"}
	root.AddCommand(&cobra.Command{Use: "explain CODE", Args: cobra.ExactArgs(1), RunE: explain})
	if err := root.Execute(); err != nil {
		os.Exit(1)
	}
}

func explain(cmd *cobra.Command, args []string) error {
	if _, err := color.New(color.Bold).Fprintln(cmd.OutOrStdout(), args[0]); err != nil {
		return fmt.Errorf("print the code: %w", err)
	}
	table := tablewriter.NewTable(cmd.OutOrStdout())
	table.Header("Code", "Name", "Meaning")
	for _, row := range [][]string{{"429", "Too Many Requests", "The service is throttling."}, {"401", "Unauthorized", "The credential was not accepted."}} {
		if err := table.Append(row); err != nil {
			return fmt.Errorf("add a row: %w", err)
		}
	}
	if err := table.Render(); err != nil {
		return fmt.Errorf("print the table: %w", err)
	}
	return nil
}
