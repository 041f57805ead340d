terraform {
  required_version = ">= 1.11"
  required_providers {
    lab = {
      source = "dxlab/lab"
    }
  }
}
