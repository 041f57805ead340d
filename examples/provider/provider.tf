terraform {
  required_providers {
    lab = {
      source = "dxlab/lab"
    }
  }
}

# Everything is optional: what is missing comes from LAB_SSH_*, ~/.ssh/config and the SSH agent.
provider "lab" {
  ssh = {
    user             = "ubuntu"
    private_key_path = "~/.ssh/id_ed25519"
    bastion          = [{ host = "bastion.example.com", user = "jump" }]
  }

  # Behind a firewall: every chart and every image from mirrors. LAB_CHARTS_USERNAME and LAB_CHARTS_PASSWORD log in.
  charts = {
    mirror     = "oci://mirror.example.com/charts"
    exceptions = { metallb = { repository = "https://metallb.github.io/metallb" } }
  }
  images = {
    registry = "mirror.example.com:5000"
  }
}
